import {
  Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';
import { keyText } from '../../config/locate.ts';
import type { UpstreamEntry } from './upstream-entry.ts';

const DEFAULT_INDENT = 2;
const UPSTREAMS = 'upstreams';
/** Long enough for a command that people still read on one line. */
const MAX_FLOW_CHARS = 100;

/**
 * The text with one more upstream at the end of `upstreams`, everything else as it was, byte for byte, or undefined where
 * the text is not made of blocks.
 */
export function insertUpstream(text: string, name: string, entry: UpstreamEntry): string | undefined {
  const { document } = parse(text);
  if (document.contents === null) return `${endLine(text)}${render({ [UPSTREAMS]: { [name]: entry } })}`;
  const pair = findPair(document);
  if (pair === undefined) {
    const isBlock = isMap(document.contents) && document.contents.flow !== true;
    return isBlock ? `${endLine(text)}${render({ [UPSTREAMS]: { [name]: entry } })}` : undefined;
  }
  const block = blockOf(pair);
  if (block === undefined) return undefined;
  const column = columnOf(text, block);
  const lines = render({ [name]: entry }, column)
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => `${' '.repeat(column)}${line}\n`);
  const at = endOfBlock(text, block, column);
  return `${endLine(text.slice(0, at))}${lines.join('')}${text.slice(at)}`;
}

/** The text without one upstream, else as `insertUpstream`. Comments above it stay. */
export function cutUpstream(text: string, name: string): string | undefined {
  const pair = findPair(parse(text).document);
  const block = pair === undefined ? undefined : blockOf(pair);
  const item = block?.items.find(({ key }) => keyText(key) === name);
  if (pair === undefined || block === undefined || item === undefined) return undefined;
  const start = startOfLine(text, offsetsOf(item).start);
  const rest = text.slice(endOfItem(text, item, columnOf(text, block)));
  if (block.items.length > 1) return text.slice(0, start) + rest;
  // An empty block is nothing, which is no map.
  const colon = text.indexOf(':', isScalar(pair.key) ? (pair.key.range?.[1] ?? 0) : 0) + 1;
  return `${text.slice(0, colon)} {}${text.slice(colon, start)}${rest}`;
}

/** The same by writing the whole document anew: comments and order stay, blanks may change. */
export function rewriteYaml(text: string, change: (document: Document) => void): string {
  const { document } = parse(text);
  change(document);
  const indent = guessIndent(document, text);
  return document.toString({ lineWidth: 0, indent, flowCollectionPadding: /(?:^|[^$])\{ /m.test(text) });
}

/** Sets or takes away an upstream of a document. */
export function changeUpstream(document: Document, name: string, entry: UpstreamEntry | undefined): void {
  const found = document.get(UPSTREAMS, true);
  if (entry === undefined) document.deleteIn([UPSTREAMS, name]);
  else if (isMap(found)) {
    if (found.items.length === 0) found.flow = false;
    document.setIn([UPSTREAMS, name], document.createNode(entry));
  } else document.set(UPSTREAMS, document.createNode({ [name]: entry }));
}

/** The value of a text. */
export function valueOfYaml(text: string): unknown {
  return parse(text).document.toJS({ maxAliasCount: 1000 }) ?? {};
}

function parse(text: string): { readonly document: Document; readonly lines: LineCounter } {
  const lines = new LineCounter();
  const options = {
    lineCounter: lines,
    merge: true,
    schema: 'core',
    stringKeys: true,
    logLevel: 'error',
  } as const;
  return { document: parseDocument(text, options), lines };
}

function findPair({ contents }: Document): Pair | undefined {
  return isMap(contents) ? contents.items.find(({ key }) => keyText(key) === UPSTREAMS) : undefined;
}

function blockOf({ value }: Pair): YAMLMap | undefined {
  return isMap(value) && value.flow !== true && value.items.length > 0 && value.anchor === undefined
    ? value
    : undefined;
}

function columnOf(text: string, block: YAMLMap): number {
  const start = block.items[0] === undefined ? 0 : offsetsOf(block.items[0]).start;
  return start - startOfLine(text, start);
}

function offsetsOf({ key, value }: Pair): { readonly start: number; readonly end: number } {
  const [from, to] = isScalar(key) ? (key.range ?? []) : [];
  const isNode = isScalar(value) || isMap(value) || isSeq(value);
  const end = isNode ? value.range?.[1] : undefined;
  return { start: from ?? 0, end: end ?? to ?? 0 };
}

function endOfBlock(text: string, block: YAMLMap, column: number): number {
  const last = block.items.at(-1);
  return last === undefined ? text.length : endOfItem(text, last, column);
}

/** Behind the last line of an item, with the comments that are indented deeper than its key. */
function endOfItem(text: string, item: Pair, column: number): number {
  const { end } = offsetsOf(item);
  let at = text[end - 1] === '\n' ? end : startOfNextLine(text, end);
  for (let look = at; look < text.length; ) {
    const next = startOfNextLine(text, look);
    const line = text.slice(look, next);
    const indent = line.length - line.trimStart().length;
    if (line.trim() !== '' && !(line.trimStart().startsWith('#') && indent > column)) break;
    if (line.trim() !== '') at = next;
    look = next;
  }
  return at;
}

function startOfLine(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

function startOfNextLine(text: string, offset: number): number {
  const at = text.indexOf('\n', offset);
  return at === -1 ? text.length : at + 1;
}

function endLine(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

/** Arguments stand on one line while they are short. */
function render(value: unknown, indent = DEFAULT_INDENT): string {
  const document = new Document(value);
  visit(document, {
    Seq: (_, list) => {
      if (JSON.stringify(list).length <= MAX_FLOW_CHARS) list.flow = true;
    },
  });
  const step = indent < 1 || indent > 8 ? DEFAULT_INDENT : indent;
  return document.toString({ lineWidth: 0, indent: step, flowCollectionPadding: false });
}

function guessIndent(document: Document, text: string): number {
  const pair = findPair(document);
  const block = pair === undefined ? undefined : blockOf(pair);
  const column = block === undefined ? DEFAULT_INDENT : columnOf(text, block);
  return column < 1 || column > 8 ? DEFAULT_INDENT : column;
}
