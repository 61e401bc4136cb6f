import ts from 'typescript';
import { EMPTY_NAMES } from './bands.ts';
import { at, commentsOf, type Finding, lineAt, type Rule, type Source, walk } from './source.ts';

type Scope = (source: Source) => boolean;

const inSrc: Scope = ({ path }) => path.startsWith('src/');
const shipped: Scope = (source) => inSrc(source) && !source.isTest;

/** A rule that looks at one syntax node at a time, in the files of its scope. */
function nodeRule(rule: {
  readonly name: string;
  readonly cure: string;
  readonly scope: Scope;
  check(node: ts.Node, source: Source): string | undefined;
}): Rule {
  return {
    name: rule.name,
    cure: rule.cure,
    *find(sources) {
      for (const source of sources.filter(rule.scope)) {
        for (const node of walk(source.tree)) {
          const what = rule.check(node, source);
          if (what !== undefined) yield at(source, node, what);
        }
      }
    },
  };
}

const noAny = nodeRule({
  name: 'nothing is of type any',
  cure: 'Use unknown with a guard or a parser',
  scope: inSrc,
  check: (node) => (node.kind === ts.SyntaxKind.AnyKeyword ? 'any' : undefined),
});

const noEnvironment = nodeRule({
  name: 'the environment is read in src/config only',
  cure: 'Read it in src/config/env.ts and hand the value over',
  scope: (source) => shipped(source) && !source.path.startsWith('src/config/'),
  check(node) {
    if (ts.isPropertyAccessExpression(node) && node.name.text === 'env' && isProcess(node.expression)) {
      return 'reads process.env';
    }
    if (ts.isElementAccessExpression(node) && isProcess(node.expression))
      return 'reads a computed part of process';
    if (ts.isVariableDeclaration(node) && node.initializer && isProcess(node.initializer))
      return 'takes process apart';
    const fromProcess =
      ts.isImportSpecifier(node) &&
      (node.propertyName ?? node.name).text === 'env' &&
      /^['"](node:)?process['"]$/.test(node.parent.parent.parent.moduleSpecifier.getText());
    return fromProcess ? 'imports env of node:process' : undefined;
  },
});

function isProcess(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node))
    return node.name.text === 'process' && isNamed(node.expression, 'globalThis');
  return isNamed(node, 'process');
}

function isNamed(node: ts.Node, name: string): boolean {
  return ts.isIdentifier(node) && node.text === name;
}

const MOCKS = ['mock', 'doMock', 'unmock', 'doUnmock', 'importMock', 'unstable_mockModule', 'module'];

const noModuleMocks = nodeRule({
  name: 'no module is mocked',
  cure: 'Hand a small real fake to what is tested, as an argument',
  scope: () => true,
  check(node, source) {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return undefined;
    const { expression, name } = node.expression;
    const mocks = ['vi', 'vitest', 'jest', 'mock'].some((tool) => isNamed(expression, tool));
    return mocks && MOCKS.includes(name.text) ? `calls ${node.expression.getText(source.tree)}` : undefined;
  },
});

const noPlainError = nodeRule({
  name: 'no plain Error is thrown',
  cure: 'Throw a GatewardError of src/errors.ts, or a TypeError for misuse by a caller',
  scope: shipped,
  check(node) {
    const thrown = ts.isThrowStatement(node) ? node.expression : rejectedBy(node);
    if (thrown === undefined) return undefined;
    const made = ts.isNewExpression(thrown) || ts.isCallExpression(thrown);
    return made && isNamed(thrown.expression, 'Error') ? 'throws a plain Error' : undefined;
  },
});

function rejectedBy(node: ts.Node): ts.Expression | undefined {
  if (!ts.isCallExpression(node)) return undefined;
  const { expression } = node;
  const rejects = ts.isPropertyAccessExpression(expression)
    ? expression.name.text === 'reject'
    : isNamed(expression, 'reject');
  return rejects ? node.arguments[0] : undefined;
}

const noDefaultExport = nodeRule({
  name: 'nothing is exported as default',
  cure: 'Export it by its name',
  scope: inSrc,
  check(node) {
    if (ts.isExportAssignment(node)) return 'a default export';
    if (ts.isExportSpecifier(node) && node.name.text === 'default') return 'a default export';
    return node.kind === ts.SyntaxKind.DefaultKeyword && !ts.isDefaultClause(node.parent)
      ? 'a default export'
      : undefined;
  },
});

const noConsole = nodeRule({
  name: 'only the command line writes to the console',
  cure: 'Use the logger that the part was given, or record an event',
  scope: (source) => shipped(source) && !source.path.startsWith('src/cli/'),
  check(node, source) {
    if (ts.isPropertyAccessExpression(node) && isNamed(node.expression, 'console'))
      return `calls ${node.getText(source.tree)}`;
    return undefined;
  },
});

const plainNames: Rule = {
  name: 'files and folders are named in kebab-case for what they do',
  cure: 'Name it for its rule or thing, in words that a newcomer would guess',
  *find(sources) {
    for (const { path } of sources) {
      for (const part of path.replace(/(\.(test|d))?\.[mc]?ts$/, '').split('/')) {
        const empty = part.split(/[-.]/).find((word) => EMPTY_NAMES.includes(word));
        if (empty !== undefined) yield { path, line: 1, what: `"${empty}" in a name says nothing` };
        if (!/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(part))
          yield { path, line: 1, what: `${part} is not in kebab-case` };
      }
    }
  },
};

const documented: Rule = {
  name: 'everything exported has a docstring',
  cure: 'Say above it in a /** comment */ what it is for, with units, errors and the source of the rule',
  *find(sources) {
    for (const source of sources.filter(shipped)) {
      const documentedNames = new Set<string>();
      for (const [statement, name] of exportsOf(source)) {
        const hasDoc = ts.getJSDocCommentsAndTags(statement).length > 0;
        // The first overload speaks for all.
        if (hasDoc) documentedNames.add(name);
        else if (!documentedNames.has(name)) yield at(source, statement, `${name} has no docstring`);
      }
    }
  },
};

function* exportsOf(source: Source): Generator<[ts.Statement, string]> {
  const listed = new Set(
    source.tree.statements
      .filter((statement) => ts.isExportDeclaration(statement) && statement.moduleSpecifier === undefined)
      .flatMap((statement) => [...walk(statement)].filter(ts.isExportSpecifier))
      .map((specifier) => (specifier.propertyName ?? specifier.name).text),
  );
  for (const statement of source.tree.statements) {
    const isExported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
    for (const name of namesDeclaredBy(statement)) {
      if (isExported || listed.has(name)) yield [statement, name];
    }
  }
}

function namesDeclaredBy(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  }
  const declares =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement);
  return declares ? [statement.name?.text ?? 'default'] : [];
}

/** Looks at each line of each comment. */
function* eachCommentLine(
  sources: readonly Source[],
  check: (line: string, source: Source) => string | undefined,
): Generator<Finding> {
  for (const source of sources) {
    for (const { text, position } of commentsOf(source)) {
      for (const [index, raw] of text.split('\n').entries()) {
        const what = check(raw.replace(/^\s*(?:\/\/+|\/?\*+)\s*/, ''), source);
        if (what !== undefined) yield { path: source.path, line: lineAt(source, position) + index, what };
      }
    }
  }
}

const noSilencedChecks: Rule = {
  name: 'no check is silenced',
  cure: 'Mend what the check complains about',
  find: (sources) =>
    eachCommentLine(sources, (line, { isTest }) => {
      const silenced = /@ts-ignore|@ts-nocheck/.exec(line) ?? (isTest ? null : SILENCED.exec(line));
      return silenced?.[0];
    }),
};

/**
 * A test may have to give a checker what it refuses, so it may say so. Keeping the columns of a table apart from the
 * formatter silences nothing.
 */
const SILENCED = /biome-ignore(?! format:)|v8 ignore|@ts-expect-error|(?:eslint|oxlint)-disable/;

const noHistory: Rule = {
  name: 'comments tell neither history nor plans',
  cure: 'What happened belongs to the commit, what is open to an issue; say only why the code is as it is',
  find: (sources) =>
    eachCommentLine(sources.filter(inSrc), (line) => {
      const word =
        /^@?(TODO|FIXME|XXX|HACK)\b|^(No longer|Previously|Formerly|Used to be|Temporarily)\b/.exec(
          line,
        )?.[0];
      return word === undefined ? undefined : `a comment that starts with "${word}"`;
    }),
};

/** The rules about habits: what a file may say, and how it is named. */
export const HABIT_RULES: readonly Rule[] = [
  noAny,
  noEnvironment,
  noModuleMocks,
  noPlainError,
  noDefaultExport,
  noConsole,
  plainNames,
  documented,
  noSilencedChecks,
  noHistory,
];
