import { parse, stringify, TomlDate, TomlError } from 'smol-toml';
import { BrokenDocument } from './broken-document.ts';
import { type Statement, scanToml } from './toml-statements.ts';
import { type Edit, isTree, makeTree, type Place, type Tree, withValue } from './tree.ts';

/**
 * Reads TOML 1.0. Dates become their text.
 *
 * @throws BrokenDocument
 */
export function parseToml(text: string): Tree {
  try {
    const plain = toPlain(parse(text.replace(/^\uFEFF/, '')));
    return isTree(plain) ? plain : {};
  } catch (cause) {
    if (cause instanceof TomlError) throw new BrokenDocument(`line ${cause.line} is not valid TOML`);
    throw cause;
  }
}

function toPlain(value: unknown): unknown {
  if (value instanceof TomlDate) return value.toISOString();
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)))
    return String(value);
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value !== 'object' || value === null) return value;
  return makeTree(Object.entries(value).map(([key, member]) => [key, toPlain(member)]));
}

/** The text with one edit made, and every other statement as it was. */
export function editToml(text: string, { place, value }: Edit): string {
  const statements = scanToml(text);
  const holder = statements.find((one) => one.kind === 'pair' && startsWith(place, one.place));
  if (holder !== undefined) return editPair(text, holder, { place, value });
  const below = statements.filter((one) => startsWith(one.place, place));
  const without = below.reduceRight((left, { start, end }) => left.slice(0, start) + left.slice(end), text);
  return value === undefined ? without : insert(without, place, value);
}

/** A value that stands in one statement, itself or within an inline table or a list. */
function editPair(text: string, holder: Statement, { place, value }: Edit): string {
  const { start, end, valueStart, valueEnd } = holder;
  if (value === undefined && place.length === holder.place.length)
    return text.slice(0, start) + text.slice(end);
  const written = parse(`value = ${text.slice(valueStart, valueEnd)}`)['value'];
  const wanted = withValue(written, place.slice(holder.place.length), value);
  return `${text.slice(0, valueStart)}${inline(wanted)}${text.slice(valueEnd)}`;
}

/** A new member: an object as a table of its own at the end, anything else beside the other members of its table. */
function insert(text: string, place: Place, value: unknown): string {
  if (isTree(value)) return append(text, block(place, value));
  const statements = scanToml(text);
  const parent = place.slice(0, -1);
  const line = `${writeKey(place.slice(-1))} = ${inline(value)}\n`;
  const siblings = statements.filter((one) => isEqual(one.table, parent));
  const last = siblings.at(-1);
  if (last !== undefined) return `${endLine(text.slice(0, last.end))}${line}${text.slice(last.end)}`;
  if (parent.length > 0) return append(text, `[${writeKey(parent)}]\n${line}`);
  const first = statements[0]?.start ?? text.length;
  return `${endLine(text.slice(0, first))}${line}${text.slice(first)}`;
}

function append(text: string, added: string): string {
  const before = endLine(text);
  return `${before}${before === '' ? '' : '\n'}${added}`;
}

function endLine(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

/** A table with its plain members first: what follows a header belongs to it. */
function block(place: Place, value: Tree): string {
  const members = Object.entries(value);
  const plain = members.filter(([, member]) => !isTree(member));
  const lines = plain.map(([key, member]) => `${writeKey([key])} = ${inline(member)}\n`);
  const tables = members.flatMap(([key, member]) => (isTree(member) ? [block([...place, key], member)] : []));
  return [`[${writeKey(place)}]\n${lines.join('')}`, ...tables].join('\n');
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (isTree(value)) {
    const members = Object.entries(value).map(([key, member]) => `${writeKey([key])} = ${inline(member)}`);
    return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
  }
  return stringify({ value })
    .replace(/^value = /, '')
    .trimEnd();
}

function writeKey(keys: Place): string {
  return keys
    .map((key) => (/^[A-Za-z0-9_-]+$/.test(String(key)) ? String(key) : JSON.stringify(key)))
    .join('.');
}

function startsWith(place: Place, start: Place): boolean {
  return start.length <= place.length && isEqual(place.slice(0, start.length), start);
}

function isEqual(a: Place, b: Place): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index]);
}
