/**
 * Characters that nobody sees or that move what others see: controls, format and bidirectional marks, fillers, blank
 * Braille, line and paragraph separators, lone surrogates. `\p{Cf}` alone misses fillers and variation selectors.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;
const EACH_HIDDEN = new RegExp(HIDDEN.source, 'gu');

/** Whether a text holds a character that cannot be seen. */
export function hasHidden(text: string): boolean {
  return HIDDEN.test(text);
}

/** A text as people must see it before they agree to it: quoted as JSON, each hidden character as `<U+202E>`. */
export function showHidden(text: string): string {
  const escaped = text.replaceAll(/["\\]/g, '\\$&');
  return `"${escaped.replaceAll(EACH_HIDDEN, (character) => `<${nameCharacter(character)}>`)}"`;
}

/** The first character of a text as the Unicode Standard writes code points: `U+202E`. */
export function nameCharacter(text: string): string {
  return `U+${(text.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
