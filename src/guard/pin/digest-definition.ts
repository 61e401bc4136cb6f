import { createHash } from 'node:crypto';

/** A definition as it is compared: one text whatever the order of its keys, and the digest of that text. */
export interface DigestedDefinition {
  /** `sha256:` and 64 hex digits. */
  readonly digest: string;
  /** JSON in which members stand in the order of their keys. */
  readonly body: string;
  /** The parsed value; numbers that JavaScript cannot hold are rounded. */
  readonly value: unknown;
}

/** Digits enough that a number may have lost some when it was read, or an exponent. Texts may match too; that only costs. */
const MAY_BE_ROUNDED = /[\d.]{16}|\d[eE][+-]?\d/;

/**
 * The digest of a whole definition, which must be JSON. It is that of RFC 8785 for what that can write. A number that
 * JavaScript would round keeps all of its digits, and a lone surrogate stays an escape, so that no two texts that a
 * client could read as different have one digest.
 */
export function digestDefinition(text: string): DigestedDefinition {
  const value: unknown = JSON.parse(text);
  const body = writeCanonical(MAY_BE_ROUNDED.test(text) ? parseExact(text) : value);
  return { digest: digestBody(body), body, value };
}

/** The digest of a text that is canonical JSON already. */
export function digestBody(body: string): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}

/** A number as it was written, since reading it would round it. */
class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

interface SourceOf {
  readonly source?: string;
}

function parseExact(text: string): unknown {
  // ECMAScript hands the source text of primitives to revivers; the types of this revision do not say so yet.
  const revive = (_: string, value: unknown, context?: SourceOf): unknown => {
    const source = context?.source;
    if (typeof value !== 'number' || source === undefined) return value;
    const exact = normalizeNumber(source);
    return exact === normalizeNumber(String(value)) ? value : new ExactNumber(exact);
  };
  const parsed: unknown = JSON.parse(text, revive);
  return parsed;
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/;
/** A number with an exponent of more characters is kept as it is written: no number of JavaScript is near it. */
const MAX_EXPONENT_CHARS = 12;

/** One text for each decimal number: its digits without zeros around them, and the power of ten of the last. */
function normalizeNumber(source: string): string {
  const match = NUMBER.exec(source.toLowerCase());
  if (match === null) return source;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = trimLeadingZeros(`${whole}${fraction}`);
  if (digits === '') return '0';
  const kept = trimTrailingZeros(digits);
  if (exponent.length > MAX_EXPONENT_CHARS) return source.toLowerCase();
  const power = Number(exponent) - fraction.length + (digits.length - kept.length);
  return `${sign}${kept}e${power}`;
}

function trimLeadingZeros(digits: string): string {
  let from = 0;
  while (digits[from] === '0') from += 1;
  return digits.slice(from);
}

function trimTrailingZeros(digits: string): string {
  let to = digits.length;
  while (digits[to - 1] === '0') to -= 1;
  return digits.slice(0, to);
}

function writeCanonical(value: unknown): string {
  if (value instanceof ExactNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(writeCanonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${writeCanonical(member)}`).join(',')}}`;
}
