import type { Place } from './list-strings.ts';
import type { Hit } from './rule.ts';

const CLAIM = /\bread[- ]?only\b/i;
const SENTENCE = /[.!?\n]/;
/** A claim with a condition is no claim. */
const CONDITION =
  /\b(?:by default|unless|optional|optionally|when|if|not read[- ]?only|read[- ]?only mode|or write|and write)\b/i;
/** A switch that lets a tool write: `write_mode`, `allow_delete`, `enable-writes`. */
const SWITCH =
  /\b(?:(?:allow|enable|with|do|force)[_-]?(?:write|writes|delete|deletes|modify|update|updates|execute|exec)|(?:write|delete|modify|exec|execute)[_-](?:mode|enabled|access|back|through))\b/i;

/** Finds a tool that says it only reads, and has a switch that makes it write. */
export function findReadOnlyClaim(definition: unknown, places: readonly Place[]): Hit[] {
  const description = places.find(({ path }) => path === '/description')?.text.slice(0, MAX_CHARS) ?? '';
  const hint = isReadOnlyHint(definition);
  const claims =
    hint || description.split(SENTENCE).some((sentence) => CLAIM.test(sentence) && !CONDITION.test(sentence));
  if (!claims) return [];
  const inText = SWITCH.exec(description)?.[0];
  const inKeys = places.find(({ kind, text }) => kind === 'key' && SWITCH.test(text))?.text;
  const found = inText ?? inKeys;
  if (found === undefined) return [];
  return [
    { rule: 'read-only-claim', severity: 'block', reason: `claims to be read-only, and has "${found}"` },
  ];
}

const MAX_CHARS = 64 * 1024;

function isReadOnlyHint(definition: unknown): boolean {
  if (typeof definition !== 'object' || definition === null || !('annotations' in definition)) return false;
  const { annotations } = definition;
  return (
    typeof annotations === 'object' &&
    annotations !== null &&
    'readOnlyHint' in annotations &&
    annotations.readOnlyHint === true
  );
}
