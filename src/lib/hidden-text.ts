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
  return `"${nameHidden(text.replaceAll(/["\\]/g, '\\$&'))}"`;
}

/** The same without quotes; `kept` are characters that stay as they are. */
export function nameHidden(text: string, kept = ''): string {
  return text.replaceAll(EACH_HIDDEN, (character) =>
    kept.includes(character) ? character : `<${nameCharacter(character)}>`,
  );
}

/** JSON in which no hidden character stands as itself: the same value to every reader. */
export function escapeHidden(json: string): string {
  return json.replaceAll(EACH_HIDDEN, (character) => {
    const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  });
}

/** The first character of a text as the Unicode Standard writes code points: `U+202E`. */
export function nameCharacter(text: string): string {
  return `U+${(text.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
