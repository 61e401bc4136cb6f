import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import ts from 'typescript';

/** One file of the project, parsed. */
export interface Source {
  /** From the root of the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
  /** A test, or what only tests use. */
  readonly isTest: boolean;
}

/** A place that breaks a rule. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly what: string;
}

/** A rule that looks at all files together, because some faults lie between files. */
export interface Rule {
  /** The rule as a fact that holds. */
  readonly name: string;
  /** What to do about a finding. */
  readonly cure: string;
  find(sources: readonly Source[]): Iterable<Finding>;
}

/** Parses a text as the file that `path` names. */
export function parseSource(path: string, text: string): Source {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  return { path, text, tree, isTest: path.startsWith('test/') || /\.test\.ts$/.test(path) };
}

/** Reads every TypeScript file below the given folders of `root`; a folder that is not there holds none. */
export function readSources(root: string, folders: readonly string[]): Source[] {
  return folders
    .flatMap((folder) => listTypeScript(root, folder))
    .map((path) => parseSource(path, readFileSync(join(root, path), 'utf8')));
}

function listTypeScript(root: string, folder: string): string[] {
  const inside = (name: string) => !name.split(sep).includes('node_modules') && /\.[mc]?ts$/.test(name);
  try {
    const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
    return names
      .filter(inside)
      .map((name) => `${folder}/${name.split(sep).join('/')}`)
      .sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** The line of a node, from 1. */
export function lineOf(source: Source, node: ts.Node): number {
  return lineAt(source, node.getStart(source.tree));
}

/** The line of a position in the text, from 1. */
export function lineAt(source: Source, position: number): number {
  return source.tree.getLineAndCharacterOfPosition(position).line + 1;
}

/** A finding at a node. */
export function at(source: Source, node: ts.Node, what: string): Finding {
  return { path: source.path, line: lineOf(source, node), what };
}

/** Every node below and with `node`, parents first. */
export function* walk(node: ts.Node): Generator<ts.Node> {
  yield node;
  for (const child of childrenOf(node)) yield* walk(child);
}

/** The direct children of a node. */
export function childrenOf(node: ts.Node): ts.Node[] {
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => {
    children.push(child);
  });
  return children;
}

/** Every comment of a file, once, with its position, in the order of the text. */
export function commentsOf(source: Source): { readonly text: string; readonly position: number }[] {
  const ends = new Map<number, number>();
  for (const node of walkTokens(source.tree, source.tree)) {
    const leading = ts.getLeadingCommentRanges(source.text, node.getFullStart()) ?? [];
    const trailing = ts.getTrailingCommentRanges(source.text, node.getEnd()) ?? [];
    for (const { pos, end } of [...leading, ...trailing]) ends.set(pos, end);
  }
  const inOrder = [...ends].sort(([a], [b]) => a - b);
  return inOrder.map(([position, end]) => ({ text: source.text.slice(position, end), position }));
}

function* walkTokens(node: ts.Node, tree: ts.SourceFile): Generator<ts.Node> {
  // A template's parts and JSX text hold characters that only look like comments.
  if (ts.isTemplateMiddleOrTemplateTail(node) || ts.isTemplateHead(node)) return;
  yield node;
  for (const child of node.getChildren(tree)) yield* walkTokens(child, tree);
}

/** The findings of a rule, one line each, ready to be read in a terminal. */
export function report(rule: Rule, sources: readonly Source[]): string[] {
  return [...rule.find(sources)].map(({ path, line, what }) => `${path}:${line} ${what}. ${rule.cure}`);
}
