/** Text that was written in another form. */
export interface Decoded {
  readonly form: 'base64' | 'hexadecimal' | 'percent encoding' | 'character references' | 'escapes';
  readonly text: string;
  /** The part of it that could not be read before. */
  readonly hidden: string;
}

/** Shorter runs are words, ids and hashes. */
const MIN_BASE64 = 16;
const MIN_HEX = 24;
const HEX = /^(?:0x)?[0-9A-Fa-f]+$/;

/** A form that stands in the middle of a text. */
interface Escaping {
  readonly form: Decoded['form'];
  /** Where this is not, there is nothing to look for. */
  readonly sign: string;
  readonly pattern: RegExp;
  readonly read: (escaped: string) => string;
}

const ESCAPINGS: readonly Escaping[] = [
  {
    form: 'escapes',
    sign: '\\',
    pattern: /\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|u\{[0-9A-Fa-f]{1,6}\}|[0-7]{3})/g,
    read: readEscape,
  },
  {
    form: 'character references',
    sign: '&',
    pattern: /&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,6});/g,
    read: readReference,
  },
  {
    form: 'percent encoding',
    sign: '%',
    pattern: /(?:%[0-9A-Fa-f]{2})+/g,
    read: decodePercents,
  },
];

/** A word with an escape in it could not be read as it is. */
const WORDS = /\S+/g;

const NAMED: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  sol: '/',
  colon: ':',
  period: '.',
};
/** So many runs are looked at, so many characters made. */
const MAX_RUNS = 2000;
const MAX_CHARS = 4 * 1024 * 1024;

/** Decodes what stands encoded in a text: whole runs of base64 and hex, and the whole text where escapes stand in it. */
export function decodeParts(text: string): Decoded[] {
  const parts: Decoded[] = [];
  if (text.length < 8) return parts;
  let room = MAX_CHARS;
  const add = (form: Decoded['form'], decoded: string | undefined, hidden = decoded): void => {
    if (decoded === undefined || decoded.length > room) return;
    room -= decoded.length;
    parts.push({ form, text: decoded, hidden: hidden ?? '' });
  };
  for (const { form, sign, pattern, read } of ESCAPINGS) {
    if (!text.includes(sign) || text.search(pattern) < 0) continue;
    const hidden: string[] = [];
    const decoded = text.replace(WORDS, (word) => {
      if (!word.includes(sign)) return word;
      const plain = word.replace(pattern, read);
      if (plain !== word) hidden.push(plain);
      return plain;
    });
    add(form, decoded, hidden.join('\n'));
  }
  for (const run of runsOf(text)) {
    if (run.length >= MIN_HEX && HEX.test(run)) add('hexadecimal', printable(Buffer.from(run, 'hex')));
    add('base64', decodeBase64(run));
  }
  return parts;
}

/** Runs of characters of base64 (RFC 4648, both alphabets) that are long enough, found in one pass. */
function runsOf(text: string): string[] {
  const runs: string[] = [];
  let start = -1;
  for (let at = 0; at <= text.length; at += 1) {
    if (isBase64(text.charCodeAt(at))) {
      if (start < 0) start = at;
    } else if (start >= 0) {
      if (at - start >= MIN_BASE64) runs.push(text.slice(start, at));
      if (runs.length >= MAX_RUNS) break;
      start = -1;
    }
  }
  return runs;
}

function isBase64(code: number): boolean {
  if (code >= 0x61) return code <= 0x7a;
  if (code >= 0x41) return code <= 0x5a || code === 0x5f;
  return (code >= 0x2f && code <= 0x39) || code === 0x2b || code === 0x2d;
}

function readEscape(sequence: string): string {
  const isOctal = /^\\[0-7]/.test(sequence);
  return fromCode(Number.parseInt(sequence.replace(/[^0-9A-Fa-f]/g, ''), isOctal ? 8 : 16), sequence);
}

function readReference(reference: string): string {
  const body = reference.slice(1, -1);
  if (!body.startsWith('#')) return NAMED[body] ?? reference;
  const isHex = body[1] === 'x' || body[1] === 'X';
  return fromCode(Number.parseInt(body.slice(isHex ? 2 : 1), isHex ? 16 : 10), reference);
}

function fromCode(code: number, otherwise: string): string {
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : otherwise;
}

function decodePercents(run: string): string {
  if (run.length === 3 && run < '%8') return String.fromCharCode(Number.parseInt(run.slice(1), 16));
  return Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8');
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
