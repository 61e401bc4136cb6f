import { foldText } from './skeleton.ts';
import { ALL_ESCAPINGS, ESCAPING, unescapeText } from './unescape.ts';

/** Text that was written in another form. */
export interface Decoded {
  /** How it was written, in words. */
  readonly form: string;
  readonly text: string;
  /** The part of it that could not be read before. */
  readonly hidden: string;
}

/** A decoded text as a reader takes it. */
export interface FoldedPart extends Decoded {
  readonly folded: string;
  /** Whether no other part reads the same. */
  readonly isNew: boolean;
}

/** Shorter runs are words, ids and hashes. */
const MIN_BASE64 = 16;
const MIN_HEX = 24;
const HEX = /^(?:0x)?[0-9A-Fa-f]+$/;
/** So many runs are looked at. */
const MAX_RUNS = 2000;
/** In texts so long, escapes of several forms are read at once and not each form by itself as well. */
const MAX_APART = 16 * 1024;

/** What stands encoded in a text: the whole text where escapes stand in it, and each run of base64 and hex. */
export function decodeParts(text: string): Decoded[] {
  return text.length < 8 ? [] : [...decodeEscapes(text), ...runsOf(text).flatMap(decodeRun)];
}

/**
 * What stands encoded in a text, and in that, so many rounds deep. The outermost comes first, and what was decoded once
 * is not decoded again, so time grows with the text and not with the ways to combine encodings.
 */
export function decodeDeep(folded: string, rounds: number): FoldedPart[] {
  const parts: FoldedPart[] = [];
  const runs = new Set<string>();
  const texts = new Set([folded]);
  let open = [folded];
  for (let round = 0; round < rounds; round += 1) {
    const inner: string[] = [];
    for (const outer of open) {
      const fresh = runsOf(outer).filter((run) => !runs.has(run) && runs.add(run).size > 0);
      for (const part of [...decodeEscapes(outer), ...fresh.flatMap(decodeRun)]) {
        const text = foldText(part.text);
        const isNew = !texts.has(text);
        parts.push({ ...part, folded: text, isNew });
        if (isNew) inner.push(text);
        texts.add(text);
      }
    }
    if (round === 0) parts.push(...readApart(folded, texts));
    open = inner;
  }
  return parts;
}

/** The text with all its escapes read. */
function decodeEscapes(text: string): Decoded[] {
  const all = text.length < 4 ? undefined : unescapeText(text, ALL_ESCAPINGS);
  return all === undefined ? [] : [{ ...all, form: formsOf(all.met).join(' and ') }];
}

/** Where escapes of several forms stand, the text with those of one form read: the others may be there to disturb. */
function readApart(text: string, texts: Set<string>): FoldedPart[] {
  const met = text.length > MAX_APART ? 0 : (unescapeText(text, ALL_ESCAPINGS)?.met ?? 0);
  if (formsOf(met).length < 2) return [];
  return FORMS.flatMap(([form, name]): FoldedPart[] => {
    const part = unescapeText(text, form);
    if (part === undefined) return [];
    const folded = foldText(part.text);
    const isNew = !texts.has(folded);
    texts.add(folded);
    return [{ ...part, form: name, folded, isNew }];
  });
}

function formsOf(met: number): string[] {
  return FORMS.filter(([form]) => (met & form) !== 0).map(([, name]) => name);
}

const FORMS: readonly (readonly [number, string])[] = [
  [ESCAPING.escapes, 'escapes'],
  [ESCAPING.references, 'character references'],
  [ESCAPING.percents, 'percent encoding'],
];

function decodeRun(run: string): Decoded[] {
  const parts: Decoded[] = [];
  const add = (form: string, text: string | undefined): void => {
    if (text !== undefined) parts.push({ form, text, hidden: text });
  };
  if (run.length >= MIN_HEX && HEX.test(run)) add('hexadecimal', printable(Buffer.from(run, 'hex')));
  add('base64', decodeBase64(run));
  return parts;
}

/**
 * Runs of characters of base64 (RFC 4648, both alphabets) that are long enough. A run of so many characters covers one of
 * every so many places, so only those are looked at, and what is around one that fits.
 */
function runsOf(text: string): string[] {
  const runs: string[] = [];
  let behind = 0;
  for (let at = MIN_BASE64 - 1; at < text.length && runs.length < MAX_RUNS; at += MIN_BASE64) {
    if (!isBase64(text.charCodeAt(at))) continue;
    let start = at;
    while (start > behind && isBase64(text.charCodeAt(start - 1))) start -= 1;
    let end = at + 1;
    while (end < text.length && isBase64(text.charCodeAt(end))) end += 1;
    if (end - start >= MIN_BASE64) runs.push(text.slice(start, end));
    behind = end;
    at = end;
  }
  return runs;
}

function isBase64(code: number): boolean {
  if (code >= 0x61) return code <= 0x7a;
  if (code >= 0x41) return code <= 0x5a || code === 0x5f;
  return (code >= 0x2f && code <= 0x39) || code === 0x2b || code === 0x2d;
}

function decodeBase64(run: string): string | undefined {
  // A path or a name has one case or many separators; base64 of text has both cases or digits.
  if (!/[A-Z]/.test(run) || !/[a-z]/.test(run)) return undefined;
  return printable(Buffer.from(run, 'base64'));
}

/** The bytes as UTF-8 or UTF-16LE text, or nothing if they are no text. */
function printable(bytes: Buffer): string | undefined {
  if (bytes.length < 8) return undefined;
  const utf8 = bytes.toString('utf8');
  if (isText(utf8)) return utf8;
  const utf16 = bytes.toString('utf16le');
  return /^[\t\n\r\x20-\x7e]{8,}$/.test(utf16) ? utf16 : undefined;
}

/** A run may have lost or gained a character at its ends, so the last two may be broken. */
function isText(text: string): boolean {
  const body = text.slice(0, -2);
  return body.length >= 6 && !/[^\P{C}\t\n\r]|\ufffd/u.test(body);
}
