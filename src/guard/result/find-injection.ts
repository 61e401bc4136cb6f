import { decodeDeep, type FoldedPart } from '../scan/decode.ts';
import { findCommand } from '../scan/find-command.ts';
import { findMeaning } from '../scan/find-meaning.ts';
import { foldAccents } from '../scan/fold-accents.ts';
import type { OwnNames } from '../scan/read-concepts.ts';
import { respell } from '../scan/respell.ts';
import type { RuleId } from '../scan/rule.ts';
import { foldText } from '../scan/skeleton.ts';
import { spellTags } from './clean-hidden.ts';
import { MAY_HOLD, type Sieve } from './sieve.ts';

/** A result has no names of its own: every identifier in it may be another tool. */
const NONE: OwnNames = new Set();
const NOT_ASCII = /\P{ASCII}/u;
const TAG = /[\u{E0020}-\u{E007E}]/u;
/** Encodings inside encodings are followed so far. */
const MAX_ROUNDS = 3;
/** Spellings that are told without knowing their words. */
const SPELLINGS: ReadonlySet<string> = new Set(['spaced letters', 'digits for letters']);

/** The rules by which a text gives instructions to a model, as the scan of definitions has them; none for most texts. */
export function findInjection(text: string, sieve: Sieve): RuleId[] {
  const spelled = TAG.test(text) ? spellTags(text) : text;
  const folded = foldText(spelled);
  if (!mayInstruct(folded, sieve)) return [];
  const rules = new Set<RuleId>(blockedBy(folded));
  if (rules.size === 0) {
    for (const { form, text: read } of respell(folded))
      if (SPELLINGS.has(form) && blockedBy(read).length > 0) rules.add('encoded-instruction');
  }
  for (const part of decodeDeep(folded, MAX_ROUNDS)) for (const rule of findEncoded(part)) rules.add(rule);
  return [...rules];
}

/** Beyond ASCII, words are read without accents, and what is encoded as it stands. */
function mayInstruct(folded: string, sieve: Sieve): boolean {
  const isAscii = !NOT_ASCII.test(folded);
  const seen = sieve.look(isAscii ? folded : asciiOf(folded), 'text');
  if ((seen & MAY_HOLD.injection) !== 0) return true;
  return !isAscii && (sieve.look(foldAccents(folded), 'text') & MAY_HOLD.injection) !== 0;
}

/** The text with blanks for all that is not ASCII, which ends words and runs there. */
export function asciiOf(text: string): string {
  return text.replace(/\P{ASCII}+/gu, ' ');
}

function blockedBy(folded: string): RuleId[] {
  return findMeaning(folded, NONE)
    .filter(({ severity }) => severity === 'block')
    .map(({ rule }) => rule);
}

function findEncoded({ hidden, folded, isNew }: FoldedPart): RuleId[] {
  const rules: RuleId[] = findCommand(hidden) === undefined ? [] : ['encoded-command'];
  // Escapes stand in honest texts, so what was spelled out whole is read by itself as well.
  if (blockedBy(foldText(hidden)).length > 0 || (isNew && blockedBy(folded).length > 0))
    rules.push('encoded-instruction');
  return rules;
}
