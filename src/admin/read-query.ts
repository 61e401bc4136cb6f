import { GatewardError } from '../errors.ts';

const DEFAULT_LIMIT = 50;
/** Entries that one answer holds at most. */
const MAX_LIMIT = 500;
const MAX_TEXT = 2048;

/** What a query says, by name. A misspelt filter would show, and let change, other things than were meant. */
export function readFields(query: URLSearchParams, names: readonly string[]): ReadonlyMap<string, string> {
  const given = new Map<string, string>();
  for (const [name, value] of query) {
    if (!names.includes(name)) throw invalid(describeUnknown(name, names));
    if (given.has(name)) throw invalid(`${name} is given twice.`);
    if (value === '') throw invalid(`${name} is empty.`);
    if (value.length > MAX_TEXT) throw invalid(`${name} is too long.`);
    given.set(name, value);
  }
  return given;
}

/** One of several words; undefined where none is given. */
export function readWord<T extends string>(
  text: string | undefined,
  { what, words }: { readonly what: string; readonly words: readonly T[] },
): T | undefined {
  if (text === undefined) return undefined;
  const word = words.find((one) => one === text);
  if (word === undefined) throw invalid(`${show(text)} is no ${what}; the ${what}s are ${words.join(', ')}.`);
  return word;
}

/** How many entries an answer may hold. */
export function readLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw invalid(`limit is a whole number from 1 to ${MAX_LIMIT}.`);
}

function describeUnknown(name: string, names: readonly string[]): string {
  const known = names.length === 0 ? 'nothing can be given here' : `there are ${names.join(', ')}`;
  return `There is no ${show(name)}; ${known}.`;
}

function show(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}

function invalid(detail: string): GatewardError {
  return new GatewardError('INVALID_PARAMS', { detail });
}
