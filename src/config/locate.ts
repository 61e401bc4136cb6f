import { type Document, isAlias, isMap, isPair, isScalar, isSeq, type LineCounter, type Node } from 'yaml';
import type { KeyPath } from './key-path.ts';
import type { ConfigProblem } from './types.ts';

/** A place in the text, both counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A YAML text that is read but not yet understood. */
export interface YamlText {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly problems: readonly ConfigProblem[];
}

/** The place of an offset in the text. */
export function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** What stands at a path, as far as it leads. */
export interface Found extends Place {
  /** The node at the whole path; undefined if the path leads further than the text. */
  readonly node: Node | undefined;
}

/** Finds the key or list entry at a path. Where the path ends early, the innermost thing that exists is named. */
export function locate({ document, lines }: YamlText, path: KeyPath): Found {
  let node = follow(document, document.contents);
  let offset = node?.range?.[0] ?? 0;
  for (const part of path) {
    const step = node === undefined ? undefined : stepInto(document, node, part);
    if (step === undefined) return { ...placeAt(lines, offset), node: undefined };
    offset = step.offset ?? offset;
    node = follow(document, step.node);
  }
  return { ...placeAt(lines, offset), node };
}

interface Step {
  readonly offset: number | undefined;
  readonly node: unknown;
}

function stepInto(document: Document, node: Node, part: string | number): Step | undefined {
  if (isSeq(node)) {
    const item = typeof part === 'number' ? node.items[part] : undefined;
    return item === undefined ? undefined : { offset: offsetOf(item), node: item };
  }
  if (!isMap(node)) return undefined;
  const own = node.items.find((pair) => keyText(pair.key) === String(part));
  if (own !== undefined) return { offset: offsetOf(own.key), node: own.value };
  for (const pair of node.items) {
    if (keyText(pair.key) !== '<<') continue;
    const merged = follow(document, pair.value);
    const sources = isSeq(merged) ? merged.items.map((item) => follow(document, item)) : [merged];
    for (const source of sources) {
      const step = isMap(source) && source !== node ? stepInto(document, source, part) : undefined;
      if (step !== undefined) return step;
    }
  }
  return undefined;
}

/** The node itself, or what the alias stands for. */
export function follow(document: Document, node: unknown): Node | undefined {
  if (isAlias(node)) return node.resolve(document);
  return isScalar(node) || isMap(node) || isSeq(node) ? node : undefined;
}

/** Where a node begins in the text. */
export function offsetOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;
}

/** The text of a map's key as it stands in the plain value. */
export function keyText(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  return key.value === null ? '' : String(key.value);
}

/** The keys of the map at a path in the order of the text. Plain values sort keys that look like numbers first. */
export function keysInOrder(text: YamlText, path: KeyPath, map: object): string[] {
  const { node } = locate(text, path);
  const written = isMap(node) ? node.items.filter(isPair).map((pair) => keyText(pair.key)) : [];
  const order = new Map(written.map((key, index) => [key, index]));
  const keys = Object.keys(map);
  return keys.sort((a, b) => (order.get(a) ?? written.length) - (order.get(b) ?? written.length));
}
