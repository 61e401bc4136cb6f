import type { FileFormat } from '../client-file.ts';
import { BrokenDocument } from './broken-document.ts';
import { editJson, type ParsedJson, parseJson } from './json.ts';
import { editToml, parseToml } from './toml.ts';
import { type Edit, isSame, isTree, makeTree, placeOf, planEdits, valueAt, withValue } from './tree.ts';
import { editYaml, parseYaml } from './yaml.ts';

const MAX_DEPTH = 200;

/** A part of a document as it is to be: undefined for none. */
export interface Wanted {
  /** Keys from the root; items of lists by their `name`. */
  readonly path: readonly string[];
  readonly value: unknown;
}

/**
 * Reads a document. Nothing at all is an empty one.
 *
 * @throws BrokenDocument
 */
export function parseDocument(format: FileFormat, text: string): ParsedJson {
  const parsed = parseAs(format, text);
  const { value } = parsed;
  if (value === undefined || value === null) return { value: makeTree([]), repeated: [] };
  if (!isTree(value)) throw new BrokenDocument('it is no object');
  checkDepth(value, 0);
  return parsed;
}

/** YAML may even hold itself. */
function checkDepth(value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) throw new BrokenDocument('it nests too deep');
  if (typeof value !== 'object' || value === null) return;
  for (const member of Object.values(value)) checkDepth(member, depth + 1);
}

function parseAs(format: FileFormat, text: string): ParsedJson {
  try {
    if (format === 'json') return parseJson(text);
    return { value: format === 'toml' ? parseToml(text) : parseYaml(text), repeated: [] };
  } catch (cause) {
    if (cause instanceof BrokenDocument) throw cause;
    // A parser that runs out of stack or meets what it never expected: the file is not usable, the program is.
    throw new BrokenDocument(cause instanceof RangeError ? 'it nests too deep' : 'it cannot be parsed');
  }
}

/**
 * The text with some parts as they are to be, and everything else as it was. What comes out is read again: unless it
 * holds exactly what was meant, nothing comes out.
 *
 * @throws BrokenDocument
 */
export function editDocument(format: FileFormat, text: string, wanted: readonly Wanted[]): string {
  let edited = text;
  let expected = parseDocument(format, text).value;
  for (const one of wanted) {
    const { path, value } = clearWay(expected, one);
    const place = placeOf(expected, path);
    for (const edit of planEdits(valueAt(expected, path), value, place))
      edited = editAs(format, edited, edit);
    expected = withValue(expected, place, value);
  }
  if (!isSame(withoutEmpty(parseDocument(format, edited).value), withoutEmpty(expected)))
    throw new BrokenDocument('it cannot be changed without changing more');
  return edited;
}

/** Where a plain value stands on the way, such as `null` for all servers, an object takes its place. */
function clearWay(root: unknown, { path, value }: Wanted): Wanted {
  let here = root;
  for (const [depth, key] of path.entries()) {
    if (here === undefined || value === undefined) break;
    if (Array.isArray(here) && !fitsInList(here, key, value))
      throw new BrokenDocument(`a list stands at ${path.slice(0, depth).join('.')}, where an object was`);
    if (!isTree(here) && !Array.isArray(here)) {
      const nested = path
        .slice(depth)
        .reduceRight<unknown>((inner, name) => makeTree([[name, inner]]), value);
      return { path: path.slice(0, depth), value: nested };
    }
    here = valueAt(here, [key]);
  }
  return { path, value };
}

/** Items of lists go by their name; those without one, by their place. */
function fitsInList(list: readonly unknown[], key: string, value: unknown): boolean {
  const name = isTree(value) ? value['name'] : undefined;
  return valueAt(list, [key]) !== undefined || key.startsWith('#') || key.replace(/#\d+$/, '') === name;
}

function editAs(format: FileFormat, text: string, edit: Edit): string {
  try {
    if (format === 'json') return editJson(text, edit);
    return format === 'toml' ? editToml(text, edit) : editYaml(text, edit);
  } catch (cause) {
    if (cause instanceof BrokenDocument) throw cause;
    // The editors of the formats throw errors of their own for a document that is made otherwise than they expect.
    throw new BrokenDocument('it cannot be changed at this place');
  }
}

/** Some formats have no way to write an object that has lost its last member. */
function withoutEmpty(value: unknown): unknown {
  if (!isTree(value)) return value;
  const members = Object.entries(value).map(([key, member]) => [key, withoutEmpty(member)] as const);
  return makeTree(members.filter(([, member]) => !isTree(member) || Object.keys(member).length > 0));
}
