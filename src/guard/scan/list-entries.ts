import { maskOf } from './concept.ts';
import { ENGLISH_VERBS, ENGLISH_WORDS, UNTOLD, UNTOLD_ORDERS } from './lexicon-english.ts';
import { OTHER_WORDS } from './lexicon-languages.ts';

/** One phrase of the lexicon. */
export interface Entry {
  /** In lower case, one space between words. */
  readonly phrase: string;
  readonly mask: number;
  /** Whether the last word may go on. */
  readonly isStem: boolean;
}

/** Every phrase that the reader knows, with all forms of the verbs. */
export function listEntries(): Entry[] {
  const verbs = read(ENGLISH_VERBS).flatMap(({ phrase, mask, isStem }) =>
    inflect(phrase).map((form) => ({ phrase: form, mask, isStem })),
  );
  const passives = UNTOLD.starts
    .split(',')
    .flatMap((start) => UNTOLD.ends.split(',').map((end) => `${start} ${end}`));
  const untold = read({ 'not&tell': `${UNTOLD_ORDERS}, ${passives.join(',')}` });
  return [...verbs, ...read(ENGLISH_WORDS), ...untold, ...read(OTHER_WORDS)];
}

function read(words: Readonly<Record<string, string>>): Entry[] {
  return Object.entries(words).flatMap(([concepts, list]) =>
    list
      .split(',')
      .map((item) => item.trim().replaceAll(/\s+/g, ' '))
      .filter((item) => item !== '')
      .map((item) => ({
        phrase: item.replace('*', ''),
        mask: maskOf(concepts.split('&')),
        isStem: item.endsWith('*'),
      })),
  );
}

/** The present forms of a verb phrase: "copy it", "copies it", "copying it". */
function inflect(phrase: string): string[] {
  const space = phrase.indexOf(' ');
  const verb = space < 0 ? phrase : phrase.slice(0, space);
  const rest = space < 0 ? '' : phrase.slice(space);
  return [verb, thirdPerson(verb), gerund(verb)].map((form) => `${form}${rest}`);
}

function thirdPerson(verb: string): string {
  if (/(?:s|x|z|ch|sh|o)$/.test(verb)) return `${verb}es`;
  return /[^aeiou]y$/.test(verb) ? `${verb.slice(0, -1)}ies` : `${verb}s`;
}

function gerund(verb: string): string {
  if (DOUBLING.has(verb)) return `${verb}${verb.at(-1)}ing`;
  return /[^e]e$/.test(verb) ? `${verb.slice(0, -1)}ing` : `${verb}ing`;
}

const DOUBLING: ReadonlySet<string> = new Set([
  'put',
  'skip',
  'ship',
  'grab',
  'set',
  'let',
  'get',
  'run',
  'flag',
  'swap',
  'submit',
  'scan',
  'wget',
]);
