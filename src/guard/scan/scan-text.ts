import { decodeDeep, type FoldedPart } from './decode.ts';
import { findActive } from './find-active.ts';
import { findCommand } from './find-command.ts';
import { findInvisible } from './find-invisible.ts';
import { findMeaning } from './find-meaning.ts';
import { findOffScreen } from './find-off-screen.ts';
import type { OwnNames } from './read-concepts.ts';
import { respell } from './respell.ts';
import type { Hit } from './rule.ts';
import { findLookAlike, foldText, mixesScripts } from './skeleton.ts';

/** Encodings inside encodings are followed so far. */
const MAX_ROUNDS = 3;

/** Looks at one text with every layer, and returns at most one hit for each rule and severity. */
export function scanText(text: string, own: OwnNames): Hit[] {
  const hits = [
    ...findInvisible(text),
    ...findOffScreen(text),
    ...findMixedScript(text),
    ...findActive(text),
  ];
  const folded = foldText(text);
  const meant = findMeaning(folded, own);
  hits.push(...meant);
  const said = new Set<string>(meant.map(({ rule }) => rule));
  const known = new Set<string>(meant.filter(({ severity }) => severity === 'block').map(({ rule }) => rule));
  for (const part of decodeDeep(folded, MAX_ROUNDS)) hits.push(...scanDecoded(part, { own, known, said }));
  for (const { form, text: spelled } of respell(folded))
    hits.push(...scanSpelling(form, spelled, { own, known, said }));
  return onePerRule(hits);
}

interface Decoding {
  readonly own: OwnNames;
  /** What the text says without decoding: it is not hidden. */
  readonly known: ReadonlySet<string>;
  /** The same, whatever the severity. */
  readonly said: ReadonlySet<string>;
}

function scanDecoded(part: FoldedPart, decoding: Decoding): Hit[] {
  const hits: Hit[] = [];
  // Escapes and percent signs stand in honest examples, so only what was spelled out whole counts as hidden.
  const command = findCommand(part.hidden);
  if (command !== undefined)
    hits.push({
      rule: 'encoded-command',
      severity: 'block',
      reason: `${part.form} holds the command "${command.slice(0, 60)}"`,
    });
  if (part.isNew) hits.push(...scanSpelling(part.form, part.folded, decoding));
  for (const { rule, reason } of findInvisible(part.text))
    hits.push({ rule, severity: 'warn', reason: `${part.form} holds ${reason}` });
  return hits;
}

/** What a text asks for in another form, beyond what it asks for as it stands. */
function scanSpelling(form: string, text: string, { own, known, said }: Decoding): Hit[] {
  return findMeaning(text, own).flatMap(({ rule, severity, reason }): Hit[] =>
    // What is hidden by an encoding needs less to be meant: to name a file of secrets and what is done with it.
    (severity === 'block' || (rule === 'secret-to-sink' && !said.has(rule))) && !known.has(rule)
      ? [{ rule: 'encoded-instruction', severity: 'block', reason: `${form}: ${rule}: ${reason}` }]
      : [],
  );
}

/** A word of look-alikes hides a word from a filter, or passes for another name. */
function findMixedScript(text: string): Hit[] {
  if (!mixesScripts(text)) return [];
  for (const [word] of text.matchAll(/[\p{L}\p{M}\p{N}_]{3,}/gu)) {
    const char = findLookAlike(word);
    if (char === undefined) continue;
    const point = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    const reason = `U+${point} passes for another letter in "${word.slice(0, 60)}"`;
    return [{ rule: 'mixed-script', severity: 'block', reason }];
  }
  return [];
}

function onePerRule(hits: readonly Hit[]): Hit[] {
  const seen = new Map<string, Hit>();
  for (const hit of hits) {
    const key = `${hit.rule} ${hit.severity}`;
    if (!seen.has(key)) seen.set(key, hit);
  }
  return [...seen.values()];
}
