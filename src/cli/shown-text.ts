import { nameHidden, showHidden } from '../lib/hidden-text.ts';

declare const shown: unique symbol;

/**
 * A text that is fit for a terminal: whatever strangers wrote in it stands with its hidden characters named, on one line.
 * Only the functions of this module make one, so that a raw text cannot take its place.
 */
export interface ShownText {
  readonly [shown]: true;
  readonly text: string;
}

/** What may stand between the words of our own. Plain texts are quoted, with hidden characters as `<U+202E>`. */
export type Showable = ShownText | string | number;

/** Tag of templates: the literal parts are ours, whatever is put between is shown. */
export function show(parts: readonly string[], ...values: readonly Showable[]): ShownText {
  const between = values.map((value) => {
    if (typeof value === 'object') return value.text;
    return typeof value === 'number' ? String(value) : showHidden(value);
  });
  return make(parts.map((part, index) => part + (between[index] ?? '')).join(''));
}

/** A text without quotes: for names and paths, where the end is plain to see, and for lines that were quoted before. */
export function bare(text: string): ShownText {
  return make(nameHidden(text));
}

/** Several with a separator of our own between. */
export function joinShown(texts: readonly ShownText[], separator: string): ShownText {
  return make(texts.map(({ text }) => text).join(separator));
}

function make(text: string): ShownText {
  return { text } as ShownText;
}
