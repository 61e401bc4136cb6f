/**
 * A JSON value in the one text that RFC 8785 (JCS) gives it: no spaces, members in the order of the UTF-16 code units
 * of their keys, numbers and strings as ECMAScript writes them. Throws TypeError for what JSON or I-JSON (RFC 7493)
 * has no text for: undefined, functions, big integers, NaN, infinities, lone surrogates, and objects that are no plain
 * records.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return writeNumber(value);
  if (typeof value === 'string') return writeString(value);
  if (Array.isArray(value)) return `[${Array.from(value, canonicalJson).join(',')}]`;
  if (typeof value !== 'object') throw new TypeError(`JSON has no text for a ${typeof value}.`);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new TypeError('Only plain objects have a canonical text.');
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${writeString(key)}:${canonicalJson(member)}`).join(',')}}`;
}

function writeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError('JSON has no text for a number that is not finite.');
  return JSON.stringify(value);
}

function writeString(value: string): string {
  if (!value.isWellFormed()) throw new TypeError('A lone surrogate has no canonical text.');
  return JSON.stringify(value);
}
