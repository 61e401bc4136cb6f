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
    throw new BrokenDocument(`line ${line} is not valid JSON (${printParseErrorCode(first.error)})`);
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
  const member = value === undefined ? cutOut(body, place) : layOut(body, place, value);
  if (member !== undefined) return mark + applyEdits(body, [...member]);
  const edits = modify(body, [...place], value, {});
  // Taking away, and putting in the place of another, need no layout, and would give the neighbours another one.
  const isNeighbourly = value === undefined || edits.every(({ length }) => length > 0);
  const formattingOptions = layoutOf(body);
  return (
    mark + applyEdits(body, isNeighbourly ? edits : modify(body, [...place], value, { formattingOptions }))
  );
}

/**
 * Takes a member out of an object with its lines, or itself alone where something else stands in them. Comments stay,
 * wherever they stand.
 */
function cutOut(body: string, place: Place): readonly TextEdit[] | undefined {
  const root = parseTree(body, [], { allowTrailingComma: true });
  const member = root && findNodeAtLocation(root, [...place])?.parent;
  const siblings = member?.parent?.type === 'object' ? (member.parent.children ?? []) : [];
  const index = member === undefined ? -1 : siblings.indexOf(member);
  const [before, next] = [siblings[index - 1], siblings[index + 1]];
  if (member === undefined || index < 0) return undefined;
  const end = member.offset + member.length;
  const comma = commaAfter(body, end);
  if (comma !== undefined) return [cutLine(body, member.offset, comma + 1)];
  if (before === undefined || next !== undefined) return undefined;
  const commaBefore = commaAfter(body, before.offset + before.length);
  if (commaBefore === undefined) return undefined;
  return [{ offset: commaBefore, length: 1, content: '' }, cutLine(body, member.offset, end)];
}

/** From one place to another; the whole lines if nothing stands beside. */
function cutLine(body: string, start: number, end: number): TextEdit {
  const indent = indentAt(body, start);
  const rest = /[ \t]*\r?\n/y;
  rest.lastIndex = end;
  const line = indent === undefined ? undefined : rest.exec(body)?.[0];
  if (indent !== undefined && line !== undefined) {
    const offset = start - indent.length;
    return { offset, length: end + line.length - offset, content: '' };
  }
  const blanks = /[ \t]*/y;
  blanks.lastIndex = end;
  return { offset: start, length: end + (blanks.exec(body)?.[0].length ?? 0) - start, content: '' };
}

/** Where the comma behind a member stands; comments on the way may hold others. Undefined behind the last one. */
function commaAfter(body: string, offset: number): number | undefined {
  const gap = /(?:[ \t\r\n]|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
  gap.lastIndex = offset;
  const at = offset + (gap.exec(body)?.[0].length ?? 0);
  return body[at] === ',' ? at : undefined;
}

/** A new member of an object that is there, in the layout of its neighbours; undefined where there is no such object. */
function layOut(body: string, place: Place, value: unknown): readonly TextEdit[] | undefined {
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
    return [{ offset: parent.offset, length: parent.length, content }];
  }
  const end = last.offset + last.length;
  if (isOneLine) {
    const content = `, ${JSON.stringify(key)}: ${JSON.stringify(value)}`;
    return [{ offset: end, length: 0, content }];
  }
  const indent = indentOfLine(body, last.offset);
  return putAfter(body, end, `${eol}${indent}${write(indent)}`);
}

/** A new member behind the last one, which keeps the comment behind it, and its comma if it has one. */
function putAfter(body: string, end: number, member: string): readonly TextEdit[] {
  const comma = commaAfter(body, end);
  const beside = /[ \t]*(?:\/\/[^\r\n]*|\/\*[^\r\n]*?\*\/)?(?=[ \t]*\r?\n)/y;
  beside.lastIndex = comma === undefined ? end : comma + 1;
  const offset = beside.lastIndex + (beside.exec(body)?.[0].length ?? 0);
  if (comma !== undefined) return [{ offset, length: 0, content: `${member},` }];
  return [
    { offset: end, length: 0, content: ',' },
    { offset, length: 0, content: member },
  ];
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
