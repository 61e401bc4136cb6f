import { isScalar, parseDocument } from 'yaml';
import { BrokenDocument } from './broken-document.ts';
import type { Edit } from './tree.ts';

/**
 * Reads YAML 1.2. A key that stands twice is an error.
 *
 * @throws BrokenDocument
 */
export function parseYaml(text: string): unknown {
  return open(text).toJS({ maxAliasCount: 100 });
}

/** The text with one edit made. Comments stay; where a whole entry is put in or out, the layout may be made anew. */
export function editYaml(text: string, { place, value }: Edit): string {
  const document = open(text);
  const node: unknown = document.getIn(place, true);
  if (isScalar(node) && node.range && isPlain(value)) {
    const [start, end] = node.range;
    return `${text.slice(0, start)}${JSON.stringify(value)}${text.slice(end)}`;
  }
  if (value === undefined) document.deleteIn(place);
  else document.setIn(place, document.createNode(value));
  return document.toString({ lineWidth: 0 });
}

function open(text: string): ReturnType<typeof parseDocument> {
  const document = parseDocument(text, { uniqueKeys: true });
  const [error] = document.errors;
  if (error !== undefined)
    throw new BrokenDocument(`line ${error.linePos?.[0].line ?? 1} is not valid YAML (${error.code})`);
  return document;
}

function isPlain(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
