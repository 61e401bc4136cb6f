import { nameCharacter } from '../../lib/hidden-text.ts';
import type { Hit, RuleId } from './rule.ts';
import { HIDDEN, TRAIT, traitsOf } from './traits.ts';

const EACH_HIDDEN = new RegExp(HIDDEN.source, 'gu');
const PICTOGRAPH = /^[\p{Extended_Pictographic}\p{Emoji_Modifier}\u{1F1E6}-\u{1F1FF}]$/u;
const BIDI = /^\p{Bidi_Control}$/u;
const JOINING =
  /^[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tibetan}]$/u;
const RIGHT_TO_LEFT = /(?=\p{L})[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}]/u;
const NOT_ASCII = /\P{ASCII}/u;
const PLAIN_TEXT = /^[\t\n\x20-\x7e]*$/;
/** The flags of England, Scotland and Wales: the only emoji that are made with tag characters (UTS #51). */
const FLAGS: readonly string[] = ['gbeng', 'gbsct', 'gbwls'].map(
  (code) =>
    `\u{1F3F4}${[...code].map((letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))).join('')}\u{E007F}`,
);

/** So many invisible characters are looked at: nobody needs to know of more. */
const MAX_LOOKED = 20_000;
/** So much of a text tells whether it is written from right to left. */
const MAX_LOOK = 4096;
const ZWNJ = 0x200c;
const ZWJ = 0x200d;
const KEYCAP = 0x20e3;

/** An invisible character that has no place where it stands, or that has one and is worth a remark (`info`). */
export interface Invisible extends Judged {
  readonly char: string;
  /** In UTF-16 units. */
  readonly index: number;
}

/**
 * Lists invisible, control, bidirectional, tag and private characters in the order of the text; undefined for one that
 * belongs where it stands.
 */
export function* listInvisible(text: string): Generator<Invisible | undefined> {
  if (PLAIN_TEXT.test(text)) return;
  if (NOT_ASCII.test(text) && (traitsOf(text) & TRAIT.hidden) === 0) return;
  const shown = text.includes('\u{E007F}') ? withoutFlags(text) : text;
  const isRightToLeft = RIGHT_TO_LEFT.test(shown.slice(0, MAX_LOOK));
  for (const { 0: char, index } of shown.matchAll(EACH_HIDDEN)) {
    const after = shown.slice(index + char.length, index + char.length + 2);
    const judged = judge(char, { before: charBefore(shown, index), after, isRightToLeft });
    yield judged && { ...judged, char, index };
  }
}

/** Finds invisible, control, bidirectional, tag and private characters, one hit for each rule. */
export function findInvisible(text: string): Hit[] {
  const counts = new Map<string, { readonly char: string; count: number; readonly hit: Judged }>();
  let looked = 0;
  for (const judged of listInvisible(text)) {
    looked += 1;
    if (looked > MAX_LOOKED) break;
    if (judged === undefined) continue;
    const { char } = judged;
    const key = `${judged.rule} ${judged.severity}`;
    const seen = counts.get(key);
    if (seen === undefined) counts.set(key, { char, count: 1, hit: judged });
    else seen.count += 1;
  }
  return [...counts.values()].map(({ char, count, hit }) => ({
    rule: hit.rule,
    severity: hit.severity,
    reason: `${nameCharacter(char)}${count > 1 ? ` and ${count - 1} more such characters` : ''}`,
  }));
}

interface Judged {
  readonly rule: RuleId;
  readonly severity: Hit['severity'];
}

interface Around {
  readonly before: string;
  readonly after: string;
  /** Whether the whole text is written so. */
  readonly isRightToLeft: boolean;
}

/** The character before, a variation selector passed over: it belongs to what stands before it. */
function charBefore(text: string, at: number): string {
  const end = text.charCodeAt(at - 1) === 0xfe0f ? at - 1 : at;
  return [...text.slice(Math.max(0, end - 2), end)].at(-1) ?? '';
}

function judge(char: string, around: Around): Judged | undefined {
  const code = char.codePointAt(0) ?? 0;
  const { before, after } = around;
  if (code === 0x0d) return after === '' || after.startsWith('\n') ? undefined : block('control-character');
  if (code === 0x1b || code === 0x9b || code === 0x9d) return block('terminal-escape');
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return block('control-character');
  if (code === ZWNJ || code === ZWJ) return judgeJoiner(code, around);
  if (BIDI.test(char)) {
    const isMark = code === 0x200e || code === 0x200f || code === 0x061c;
    return isMark && around.isRightToLeft
      ? { rule: 'bidi-control', severity: 'info' }
      : block('bidi-control');
  }
  if (code === 0xfe0f || code === 0xfe0e) {
    const isKeycap = /^[0-9#*]$/.test(before) && after.codePointAt(0) === KEYCAP;
    return isKeycap || PICTOGRAPH.test(before) ? undefined : block('variation-selector');
  }
  if (isVariationSelector(code)) return block('variation-selector');
  if (code >= 0xe0000 && code <= 0xe007f) return block('tag-character');
  if (/[\p{Co}\p{Cs}\p{Noncharacter_Code_Point}]/u.test(char)) return block('private-use');
  return block('invisible-character');
}

/** Joiners are spelling in Arabic and Indic scripts and glue between emoji; elsewhere they only hide. */
function judgeJoiner(code: number, { before, after }: Around): Judged | undefined {
  const next = after === '' ? '' : String.fromCodePoint(after.codePointAt(0) ?? 0);
  if (code === ZWJ && PICTOGRAPH.test(before) && PICTOGRAPH.test(next)) return undefined;
  if (JOINING.test(before) && (next === '' || JOINING.test(next) || /\s/.test(next)))
    return { rule: 'invisible-character', severity: 'info' };
  if (/^\p{M}$/u.test(before) && JOINING.test(next)) return { rule: 'invisible-character', severity: 'info' };
  return block('invisible-character');
}

function block(rule: RuleId): Judged {
  return { rule, severity: 'block' };
}

function isVariationSelector(code: number): boolean {
  return (
    (code >= 0xfe00 && code <= 0xfe0f) ||
    (code >= 0xe0100 && code <= 0xe01ef) ||
    (code >= 0x180b && code <= 0x180f)
  );
}

/** The text with what spells a flag as pictographs, so that every other character stays where it is. */
function withoutFlags(text: string): string {
  let plain = text;
  for (const flag of FLAGS) plain = plain.replaceAll(flag, '\u{1F3F4}'.repeat(flag.length / 2));
  return plain;
}
