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
  const name = (character: string): string => {
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return `<U+${code}>`;
  };
  return `"${text.replaceAll(/["\\]/g, '\\$&').replaceAll(EACH_HIDDEN, name)}"`;
}
