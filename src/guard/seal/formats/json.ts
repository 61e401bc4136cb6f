import { applyEdits, modify, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { BrokenDocument } from './broken-document.ts';
import type { Edit } from './tree.ts';

/** Parsed JSON with what a reader may take either way. */
export interface ParsedJson {
  readonly value: unknown;
  /** Paths of keys that stand more than once in their object: parsers differ in which one they take. */
  readonly repeated: readonly (readonly string[])[];
}

const MAX_DEPTH = 200;

/**
 * Reads JSON with comments and trailing commas. An empty text is an empty document.
 *
 * @throws BrokenDocument
 */
export function parseJson(text: string): ParsedJson {
  const errors: ParseError[] = [];
  const root = parseTree(text.replace(/^\uFEFF/, ' '), errors, {
    allowTrailingComma: true,
    allowEmptyContent: true,
  });
  const [first] = errors;
  if (first !== undefined) {
    const line = text.slice(0, first.offset).split('\n').length;
    throw new BrokenDocument(`line ${line}: ${printParseErrorCode(first.error)}`);
  }
  const repeated: string[][] = [];
  return { value: root === undefined ? undefined : read(root, [], repeated), repeated };
}

function read(node: Node, path: readonly string[], repeated: string[][]): unknown {
  if (path.length > MAX_DEPTH) throw new BrokenDocument('it nests too deep');
  const children = node.children ?? [];
  if (node.type === 'array')
    return children.map((item, index) => read(item, [...path, `${index}`], repeated));
  if (node.type !== 'object') return node.value;
  const tree: Record<string, unknown> = Object.create(null);
  for (const { children: [name, value] = [] } of children) {
    if (name === undefined || value === undefined) continue;
    const key = String(name.value);
    if (key in tree) repeated.push([...path, key]);
    tree[key] = read(value, [...path, key], repeated);
  }
  return tree;
}

/** The text with one edit made, and every other character as it was. */
export function editJson(text: string, { place, value }: Edit): string {
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  const body = text.slice(mark.length);
  const formattingOptions = layoutOf(body);
  return mark + applyEdits(body, modify(body, [...place], value, { formattingOptions }));
}

/** How the file is indented: by the first line that is. */
function layoutOf(text: string): { insertSpaces: boolean; tabSize: number; eol: string } {
  const [, indent = '  '] = /\n([ \t]+)\S/.exec(text) ?? [];
  const insertSpaces = !indent.startsWith('\t');
  return {
    insertSpaces,
    tabSize: insertSpaces ? Math.min(indent.length, 8) : 4,
    eol: text.includes('\r\n') ? '\r\n' : '\n',
  };
}
