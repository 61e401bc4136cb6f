import ts from 'typescript';
import { BUDGET, UNBUDGETED } from './bands.ts';
import { at, childrenOf, type Finding, lineAt, lineOf, type Rule, type Source, walk } from './source.ts';

/** What is shipped and written by hand: the size budgets hold for it. */
function budgeted(sources: readonly Source[]): Source[] {
  return sources.filter(({ path, isTest }) => path.startsWith('src/') && !isTest && !(path in UNBUDGETED));
}

function lineCount(source: Source): number {
  return source.text.replace(/\n$/, '').split('\n').length;
}

const fileLines: Rule = {
  name: `no file has more than ${BUDGET.fileLines} lines`,
  cure: 'Give each rule in it a file of its own',
  *find(sources) {
    for (const source of budgeted(sources)) {
      const lines = lineCount(source);
      if (lines > BUDGET.fileLines)
        yield { path: source.path, line: BUDGET.fileLines + 1, what: `${lines} lines` };
    }
  },
};

const medianFileLines: Rule = {
  name: `the median file has at most ${BUDGET.medianFileLines} lines`,
  cure: 'Split the longest files by rule',
  *find(sources) {
    const files = budgeted(sources).map((source) => ({ path: source.path, lines: lineCount(source) }));
    const sorted = files.sort((a, b) => a.lines - b.lines);
    const median = sorted[Math.floor((sorted.length - 1) / 2)];
    if (median && median.lines > BUDGET.medianFileLines) {
      yield { path: median.path, line: 1, what: `the median file, has ${median.lines} lines` };
    }
  },
};

const functionLines: Rule = {
  name: `no function has more than ${BUDGET.functionLines} lines`,
  cure: 'Give the parts names and functions of their own',
  *find(sources) {
    for (const source of budgeted(sources)) {
      for (const node of walk(source.tree)) {
        if (!ts.isFunctionLike(node)) continue;
        const lines = lineAt(source, node.getEnd()) - lineOf(source, node) + 1;
        if (lines > BUDGET.functionLines) yield at(source, node, `a function of ${lines} lines`);
      }
    }
  },
};

const parameters: Rule = {
  name: `nothing takes more than ${BUDGET.parameters} parameters`,
  cure: 'Take one options object',
  *find(sources) {
    for (const source of budgeted(sources)) {
      for (const node of walk(source.tree)) {
        if (!ts.isFunctionLike(node)) continue;
        const count = node.parameters.filter(
          (parameter) => parameter.name.getText(source.tree) !== 'this',
        ).length;
        if (count > BUDGET.parameters) yield at(source, node, `${count} parameters`);
      }
    }
  },
};

const nesting: Rule = {
  name: `nothing nests deeper than ${BUDGET.nesting}`,
  cure: 'Return early, or give the inner part a function of its own',
  *find(sources) {
    for (const source of budgeted(sources)) yield* deepest(source, source.tree, { blocks: 0, functions: 0 });
  },
};

interface Depth {
  /** Branches and loops around the node, since the nearest function. */
  readonly blocks: number;
  readonly functions: number;
}

function* deepest(source: Source, node: ts.Node, depth: Depth): Generator<Finding> {
  const inner = depthInside(node, depth);
  if (inner.blocks > BUDGET.nesting && inner.blocks !== depth.blocks) {
    yield at(source, node, `${inner.blocks} branches and loops inside each other`);
    return;
  }
  if (inner.functions > BUDGET.nesting && inner.functions !== depth.functions) {
    yield at(source, node, `${inner.functions} functions inside each other`);
    return;
  }
  for (const child of childrenOf(node)) yield* deepest(source, child, inner);
}

function depthInside(node: ts.Node, depth: Depth): Depth {
  if (ts.isFunctionLike(node) && !ts.isTypeNode(node)) return { blocks: 0, functions: depth.functions + 1 };
  const elseIf =
    ts.isIfStatement(node) && ts.isIfStatement(node.parent) && node.parent.elseStatement === node;
  const nests = !elseIf && NESTING.some((is) => is(node));
  return nests ? { ...depth, blocks: depth.blocks + 1 } : depth;
}

const NESTING: readonly ((node: ts.Node) => boolean)[] = [
  ts.isIfStatement,
  ts.isSwitchStatement,
  ts.isTryStatement,
  (node) => ts.isIterationStatement(node, false),
];

/** The rules about size and shape. */
export const BUDGET_RULES: readonly Rule[] = [fileLines, medianFileLines, functionLines, parameters, nesting];
