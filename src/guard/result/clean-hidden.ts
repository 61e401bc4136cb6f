import { nameCharacter } from '../../lib/hidden-text.ts';
import { listInvisible } from '../scan/find-invisible.ts';
import type { RuleId } from '../scan/rule.ts';

/** A text without what cannot be seen, and the rules by which that was told. */
export interface Cleaned {
  readonly text: string;
  readonly rules: readonly RuleId[];
}

/**
 * Escape sequences of terminals (ECMA-48 §5.4, and OSC as xterm takes it): all of one goes, since what is left of it
 * would stand in the text as letters. None can begin inside what another has passed over, so time grows with the text.
 */
const ESCAPE_SEQUENCE = new RegExp(
  [
    String.raw`(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]`,
    String.raw`(?:\x1b\]|\x9d)[^\x07\x1b\x9c\x9d]{0,4096}(?:\x07|\x1b\\|\x9c)`,
    String.raw`\x1b[PX^_][^\x1b\x9c]{0,4096}(?:\x1b\\|\x9c)`,
    String.raw`\x1b[ -/]{0,8}[0-~]`,
  ].join('|'),
  'g',
);
/** Private-use letters of the basic plane are the pictures of icon fonts: seen, though by few. */
const ICON = /^[\ue000-\uf8ff]$/;
const TAGS = /[\u{E0020}-\u{E007E}]/gu;

/** Takes out, or shows, what cannot be seen. The same text where there is nothing of it. */
export function cleanHidden(text: string, hidden: 'remove' | 'show'): Cleaned {
  const rules = new Set<RuleId>();
  const bare =
    text.includes('\u001b') || /[\u009b\u009d]/.test(text) ? withoutEscapes(text, hidden, rules) : text;
  let written = '';
  let at = 0;
  for (const found of listInvisible(bare)) {
    if (found?.severity !== 'block' || ICON.test(found.char)) continue;
    const { char, index, rule } = found;
    rules.add(rule);
    written += bare.slice(at, index) + shownAs(char, hidden);
    at = index + char.length;
  }
  return { text: written + bare.slice(at), rules: [...rules] };
}

function withoutEscapes(text: string, hidden: 'remove' | 'show', rules: Set<RuleId>): string {
  return text.replace(ESCAPE_SEQUENCE, (sequence) => {
    rules.add('terminal-escape');
    return hidden === 'remove' ? '' : `<${nameCharacter(sequence)}>${sequence.slice(1)}`;
  });
}

/** A carriage return alone is a line end of old, or moves the cursor back; either way a new line begins. */
function shownAs(char: string, hidden: 'remove' | 'show'): string {
  if (hidden === 'show') return `<${nameCharacter(char)}>`;
  return char === '\r' ? '\n' : '';
}

/** What tag characters spell to a model, as plain letters (Unicode 17 §23.9: each is an ASCII letter moved). */
export function spellTags(text: string): string {
  return text.replace(TAGS, (tag) => String.fromCodePoint((tag.codePointAt(0) ?? 0) - 0xe0000));
}
