const NOT_ASCII = /\P{ASCII}/u;
const APOSTROPHE = 0x2019;
/** Letters and accents of these blocks come apart; what lies beyond stays as it is. */
const FIRST = 0xc0;
const LAST = 0x1fff;
/** What stands for an accent: it goes. */
const NONE = 0;

let letters: Uint16Array | undefined;

/** A folded text in lower case without accents, as the lexicon is written. */
export function foldAccents(text: string): string {
  const lower = text.toLowerCase();
  if (!NOT_ASCII.test(lower)) return lower;
  letters ??= listLetters();
  const units = new Uint16Array(lower.length);
  let length = 0;
  for (let at = 0; at < lower.length; at += 1) {
    const code = lower.charCodeAt(at);
    const plain = code < FIRST || code > LAST ? code : (letters[code - FIRST] ?? code);
    if (plain === NONE && code !== 0) continue;
    units[length] = plain === APOSTROPHE ? 0x27 : plain;
    length += 1;
  }
  return stringOf(units, length);
}

/** The text of UTF-16 units, as many as are given. One byte a character where that is enough: such texts read faster. */
export function stringOf(units: Uint16Array, length: number): string {
  let all = 0;
  for (let at = 0; at < length; at += 1) all |= units[at] ?? 0;
  if (all < 0x100) return Buffer.from(units.subarray(0, length)).toString('latin1');
  return Buffer.from(units.buffer, units.byteOffset, length * 2).toString('utf16le');
}

/** Each letter as what is left of it without the accents of U+0300 to U+036F. */
function listLetters(): Uint16Array {
  return Uint16Array.from({ length: LAST - FIRST + 1 }, (_, offset) => {
    const char = String.fromCharCode(FIRST + offset);
    const plain = char
      .normalize('NFD')
      .replace(/[\u0300-\u036f]/g, '')
      .normalize('NFC');
    if (plain === '') return NONE;
    return plain.length === 1 ? plain.charCodeAt(0) : FIRST + offset;
  });
}
