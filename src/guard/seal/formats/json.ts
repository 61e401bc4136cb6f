import {
  applyEdits,
  findNodeAtLocation,
  modify,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
  type Edit as TextEdit,
} from 'jsonc-parser';
import { BrokenDocument } from './broken-document.ts';
import type { Edit, Place } from './tree.ts';

/** Parsed JSON with what a reader may take either way. */
export interface ParsedJson {
  readonly value: unknown;
  /** Paths of keys that stand more than once in their object: parsers differ in which one they take. */
  readonly repeated: readonly (readonly string[])[];
}

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
  const edits = modify(body, [...place], value, {});
  const member = value === undefined ? cutOut(body, place) : layOut(body, place, value);
  if (member !== undefined) return mark + applyEdits(body, [member]);
  // Taking away, and putting in the place of another, need no layout, and would give the neighbours another one.
  const isNeighbourly = value === undefined || edits.every(({ length }) => length > 0);
  const formattingOptions = layoutOf(body);
  return (
    mark + applyEdits(body, isNeighbourly ? edits : modify(body, [...place], value, { formattingOptions }))
  );
}

/** A member of an object that has a next one: from where it begins to where that begins. */
function cutOut(body: string, place: Place): TextEdit | undefined {
  const root = parseTree(body, [], { allowTrailingComma: true });
  const member = root && findNodeAtLocation(root, [...place])?.parent;
  const siblings = member?.parent?.type === 'object' ? (member.parent.children ?? []) : [];
  const next = member && siblings[siblings.indexOf(member) + 1];
  return next && { offset: member.offset, length: next.offset - member.offset, content: '' };
}

/** A new member of an object that is there, in the layout of its neighbours; undefined where there is no such object. */
function layOut(body: string, place: Place, value: unknown): TextEdit | undefined {
  const root = parseTree(body, [], { allowTrailingComma: true });
  const key = place.at(-1);
  const parent = root && findNodeAtLocation(root, place.slice(0, -1));
  if (parent?.type !== 'object' || findNodeAtLocation(parent, [String(key)]) !== undefined) return undefined;
  const { insertSpaces, tabSize, eol } = layoutOf(body);
  const unit = insertSpaces ? ' '.repeat(tabSize) : '\t';
  const last = parent.children?.at(-1);
  const isOneLine = !body.trim().includes('\n') || indentAt(body, last?.offset ?? -1) === undefined;
  const write = (indent: string): string => {
    const text = JSON.stringify(value, null, unit).replaceAll('\n', `${eol}${indent}`);
    return `${JSON.stringify(key)}: ${text}`;
  };
  if (last === undefined) {
    const indent = indentOfLine(body, parent.offset);
    // Comments may stand in it.
    if (body.slice(parent.offset + 1, parent.offset + parent.length - 1).trim() !== '') return undefined;
    const content = body.trim().includes('\n')
      ? `{${eol}${indent}${unit}${write(indent + unit)}${eol}${indent}}`
      : `{ ${JSON.stringify(key)}: ${JSON.stringify(value)} }`;
    return { offset: parent.offset, length: parent.length, content };
  }
  const content = isOneLine
    ? `, ${JSON.stringify(key)}: ${JSON.stringify(value)}`
    : `,${eol}${indentOfLine(body, last.offset)}${write(indentOfLine(body, last.offset))}`;
  return { offset: last.offset + last.length, length: 0, content };
}

/** The blanks before something that begins its line; undefined if it does not. */
function indentAt(text: string, offset: number): string | undefined {
  const before = text.slice(text.lastIndexOf('\n', offset - 1) + 1, Math.max(offset, 0));
  return before.trim() === '' ? before : undefined;
}

function indentOfLine(text: string, offset: number): string {
  return /[ \t]*/y.exec(text.slice(text.lastIndexOf('\n', offset - 1) + 1))?.[0] ?? '';
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
