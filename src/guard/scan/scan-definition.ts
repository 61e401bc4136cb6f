import { findMeaning } from './find-meaning.ts';
import { findReadOnlyClaim } from './find-read-only-claim.ts';
import { listStrings, type Place } from './list-strings.ts';
import type { Finding, Hit } from './rule.ts';
import { scanText } from './scan-text.ts';
import { findLikelyPoison } from './score/find-likely-poison.ts';

/** A property's name of so many characters may hold a sentence. */
const LONG_KEY = 24;

/** Scans one tool definition as if its server were alone. `index` is its place in the list. */
export function scanDefinition(definition: unknown, index: number): Finding[] {
  const { places, isWhole } = listStrings(definition);
  const tool = nameOf(definition);
  const own = new Set(places.filter(({ kind }) => kind !== 'text').map(({ text }) => text.toLowerCase()));
  const findings: Finding[] = [];
  const add = (path: string, hits: readonly Hit[]): void => {
    for (const hit of hits) findings.push({ index, tool, ...hit, path });
  };
  for (const place of places) add(place.path, scanPlace(place, own));
  add('', findReadOnlyClaim(definition, places));
  const likely = findLikelyPoison(places, own);
  if (likely !== undefined) findings.push({ index, tool, ...likely });
  if (!isWhole)
    add('', [{ rule: 'too-large', severity: 'warn', reason: 'only a part of the definition was looked at' }]);
  return findings;
}

/** Scans a list of tool definitions, each by itself. */
export function scanDefinitions(definitions: readonly unknown[]): Finding[] {
  return definitions.flatMap((definition, index) => scanDefinition(definition, index));
}

function scanPlace({ text, kind }: Place, own: ReadonlySet<string>): Hit[] {
  const hits = scanText(text, own);
  if (kind === 'text' || text.length < LONG_KEY) return hits;
  const words = text.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').replaceAll(/[_.-]+/g, ' ');
  const meant = findMeaning(words, own).filter(
    ({ rule, severity }) => severity === 'block' || rule === 'secret-to-sink',
  );
  // A name asks for what it names: a file of secrets in it is meant to be filled in.
  return [...hits, ...meant.map((hit): Hit => ({ ...hit, severity: 'block' }))];
}

function nameOf(definition: unknown): string {
  if (typeof definition !== 'object' || definition === null || !('name' in definition)) return '';
  return typeof definition.name === 'string' ? definition.name : '';
}
