import { decodeParts } from '../scan/decode.ts';
import type { Cut } from './cut.ts';
import { findSecrets } from './find-secrets.ts';

/** What stands between blanks, quotation marks and brackets, of a length in which a token may be encoded. */
const WORDS = /[^\s"'`<>(){}[\],]{16,65536}/g;
const ENCODED = /[%&\\]|[A-Za-z0-9+/_-]{24}/;
/** Known by what stands before them, which honest files hold too: a whole file in base64 is not taken out for one. */
const NAMED: ReadonlySet<string> = new Set([
  'password',
  'url-password',
  'bearer-token',
  'basic-credentials',
  'authorization-header',
]);
const MAX_ROUNDS = 2;

/** Finds words in base64, hexadecimal, percent escapes, character references or escapes of code that hold a secret. */
export function findEncodedSecrets(text: string): Cut[] {
  const cuts: Cut[] = [];
  for (const { 0: word, index } of text.matchAll(WORDS)) {
    const rule = ENCODED.test(word) ? ruleInside(word, 1) : undefined;
    if (rule !== undefined) cuts.push({ rule, start: index, end: index + word.length });
  }
  return cuts;
}

function ruleInside(word: string, round: number): string | undefined {
  for (const { text } of decodeParts(word)) {
    const found = findSecrets(text).find(({ rule }) => !NAMED.has(rule))?.rule;
    const inner = found ?? (round < MAX_ROUNDS ? ruleInside(text, round + 1) : undefined);
    if (inner !== undefined) return inner;
  }
  return undefined;
}
