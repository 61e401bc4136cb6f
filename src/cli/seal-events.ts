import type { Change } from '../guard/seal/compare-file.ts';
import { maskSecrets } from '../guard/seal/show-value.ts';
import type { WatchEvent } from '../guard/seal/watch/client-watch.ts';
import type { Evidence, Suspect } from '../guard/seal/watch/suspect.ts';
import { nameHidden } from '../lib/hidden-text.ts';
import { changeToJson, describeChange, describePlace } from './seal-report.ts';

const EVIDENCE: Readonly<Record<Evidence, string>> = {
  open: 'has the file open for writing',
  mentions: 'names the file or what was written there',
  recent: 'started shortly before; that may be chance',
  client: 'is the client itself, which may write back what it holds in memory: close it before you repair',
};
const NO_PROOF = 'None of this proves who wrote it, and a writer that has gone leaves no trace.';
const WRITER =
  'A writer is alive. Stop it first, then put the file right, then revoke the tokens that this client used.';
const GIVEN_UP =
  'It is not restored any more: something keeps writing it. Stop that first, then start the watch again.';
const YOURS = 'If this was you: gateward seal';
const YOURS_ALARMING = 'If this was you: gateward seal --accept';
const UNREADABLE = 'Put the file right: nothing in it can be judged until then.';

/** Whether an event is to ring. */
export function isLoud({ event }: WatchEvent): boolean {
  return event === 'alarm' || event === 're-asserted' || event === 'given-up' || event === 'restore-failed';
}

/** An event as one JSON value, without its time. */
export function eventToJson(told: WatchEvent): Readonly<Record<string, unknown>> {
  if (told.event === 'suspects') {
    const suspects = told.suspects.map((suspect) => ({ ...suspect, what: maskedWhat(suspect) }));
    return { event: told.event, file: told.path, suspects, note: NO_PROOF };
  }
  const base = { event: told.event, ...changeToJson(told.change) };
  if (told.event === 'restore-failed') return { ...base, error: told.error.message };
  if (!('reassertions' in told)) return base;
  return {
    ...base,
    reassertions: told.reassertions,
    changedAt: new Date(told.changedAtMs).toISOString(),
    advice: adviceOf(told.event, told.change),
  };
}

function adviceOf(event: 'alarm' | 'question' | 're-asserted' | 'given-up', { what }: Change): string {
  if (event === 're-asserted') return WRITER;
  if (event === 'given-up') return GIVEN_UP;
  if (what === 'unreadable') return UNREADABLE;
  return event === 'question' ? YOURS : YOURS_ALARMING;
}

/** The same for people. */
export function describeEvent(told: WatchEvent): string {
  switch (told.event) {
    case 'alarm':
    case 'question':
      return `${told.event.toUpperCase()}  ${describeChange(told.change)}\n    ${adviceOf(told.event, told.change)}`;
    case 're-asserted':
      return `ALARM  ${describeChange(told.change)}\n    It is back after a repair (${told.reassertions}). ${WRITER}`;
    case 'given-up':
      return `ALARM  ${describePlace(told.change)}\n    ${GIVEN_UP}`;
    case 'restored':
      return `RESTORED  ${placeOf(told.change)}`;
    case 'repaired':
      return `REPAIRED  ${placeOf(told.change)} is as it was sealed again`;
    case 'restore-failed':
      return `ALARM  ${placeOf(told.change)} could not be restored.\n    ${told.error.message}`;
    case 'suspects':
      return describeSuspects(told.path, told.suspects);
  }
}

function placeOf({ file, kind, name }: Change): string {
  return `${file.client}: ${kind} ${nameHidden(name)} in ${nameHidden(file.path)}`;
}

function describeSuspects(path: string, suspects: readonly Suspect[]): string {
  const lines = suspects.map((suspect) => {
    const { kind, pid, evidence } = suspect;
    const who = pid === undefined ? kind : `${kind} ${pid}`;
    return `    ${who}: ${nameHidden(maskedWhat(suspect))}\n        ${EVIDENCE[evidence]}`;
  });
  return [`Who may have written ${nameHidden(path)}:`, ...lines, `    ${NO_PROOF}`].join('\n');
}

function maskedWhat({ what }: Suspect): string {
  return String(maskSecrets(what));
}
