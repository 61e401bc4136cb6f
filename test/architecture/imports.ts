import { posix } from 'node:path';
import ts from 'typescript';
import { lineOf, type Source, walk } from './source.ts';

/** One import, re-export or dynamic import. */
export interface Import {
  readonly specifier: string;
  /** The file that a relative import names, from the root of the repository. */
  readonly target: string | undefined;
  /** Nothing of it is left at run time. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** Everything that a file imports. */
export function importsOf(source: Source): Import[] {
  const found: Import[] = [];
  for (const node of walk(source.tree)) {
    const named = namedModule(node);
    if (named === undefined) continue;
    const { specifier, typeOnly } = named;
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(source.path), specifier) : undefined;
    found.push({ specifier, target, typeOnly, line: lineOf(source, node) });
  }
  return found;
}

function namedModule(node: ts.Node): { specifier: string; typeOnly: boolean } | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    return { specifier: node.moduleSpecifier.text, typeOnly: isTypeImport(node.importClause) };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
    return { specifier: node.moduleSpecifier.text, typeOnly: node.isTypeOnly };
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [argument] = node.arguments;
    if (argument && ts.isStringLiteralLike(argument)) return { specifier: argument.text, typeOnly: false };
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    const { literal } = node.argument;
    if (ts.isStringLiteral(literal)) return { specifier: literal.text, typeOnly: true };
  }
  return undefined;
}

function isTypeImport(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const bindings = clause.namedBindings;
  if (clause.name !== undefined || bindings === undefined || !ts.isNamedImports(bindings)) return false;
  return bindings.elements.length > 0 && bindings.elements.every((element) => element.isTypeOnly);
}

/** The feature of `src/` that a path belongs to: its folder, or the file itself directly below `src/`. */
export function featureOf(path: string): string | undefined {
  return /^src\/([^/]+?)(?:\.ts$|\/)/.exec(path)?.[1];
}
