import type { Complete, Failed } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { backoffMs } from '../lib/backoff.ts';
import type { JsonText } from '../lib/json-text.ts';
import { raceAbort } from '../lib/race-abort.ts';
import { wait } from '../lib/wait.ts';
import { failedBy, failedUpstream } from '../wire/failure.ts';
import type { HeldTask } from './held-task.ts';
import { noteOf } from './note.ts';
import { answersOf } from './task-answers.ts';
import { NOTHING_ASKED } from './task-image.ts';
import type { TaskParts } from './task-parts.ts';
import {
  type AskedTask,
  isPassing,
  lookAt,
  pollMsOf,
  TROUBLE,
  UpstreamAnsweredError,
  type UpstreamState,
} from './upstream-task.ts';

/** What an upstream's task came to. */
export type Followed =
  | Complete
  | Failed
  | { readonly kind: 'cancelled' }
  /** Answers have come that the upstream was not told yet. */
  | { readonly kind: 'answered' }
  | {
      readonly kind: 'asks';
      /** By the key that the client sees. */
      readonly asked: ReadonlyMap<string, JsonText>;
      readonly note: string | undefined;
      /** Milliseconds until somebody should look at it again, answers or not. */
      readonly lookMs: number;
    };

/** Milliseconds between two looks at a task that waits for its client. */
const ASKING_LOOK_MS = 5000;
/** Errors in a row that an upstream may answer about its task before that is lost. */
const MAX_ERRORS = 10;

/**
 * Looks at a task of the upstream's own until it has ended or asks something that its client has not answered yet. Never
 * more often than the upstream asks for. Rejects with the held task's abort.
 */
export async function followUpstreamTask(
  held: HeldTask,
  parts: TaskParts,
  asked: AskedTask,
): Promise<Followed> {
  const { clock, random } = parts;
  let failures = 0;
  let errors = 0;
  for (;;) {
    held.abort.throwIfAborted();
    const look = await lookOnce(held, parts, asked);
    if (look === 'trouble' || look === 'error') {
      failures++;
      errors = look === 'error' ? errors + 1 : errors;
      if (errors >= MAX_ERRORS) return lost(undefined);
      await wait(clock, backoffMs(failures, { ...TROUBLE, random }), held.abort);
      continue;
    }
    failures = errors = 0;
    if ('kind' in look) return look;
    const end = endOf(look);
    if (end !== undefined) return end;
    const open = look.status === 'input_required' ? await stillAsked(held, parts, look.asked) : undefined;
    if (open === 'answered') return { kind: 'answered' };
    const pollMs = pollMsOf(look);
    const note = noteOf('note' in look ? look.note : undefined);
    if (open !== undefined && open.size > 0)
      return { kind: 'asks', asked: open, note, lookMs: Math.max(pollMs, ASKING_LOOK_MS) };
    // It asks nothing any more, whoever answered it.
    if (held.image.asked.size > 0) await held.save({ asked: NOTHING_ASKED, note }, held.attempts);
    else if (note !== held.image.note) await held.saveLazily({ note });
    await wait(clock, pollMs, held.abort);
  }
}

/** `trouble`: it could not be asked. `error`: it answered one, which may pass. */
async function lookOnce(
  held: HeldTask,
  parts: TaskParts,
  asked: AskedTask,
): Promise<UpstreamState | Failed | 'trouble' | 'error'> {
  try {
    return await raceAbort(lookAt(asked, parts), held.abort);
  } catch (thrown) {
    held.abort.throwIfAborted();
    if (thrown instanceof UpstreamAnsweredError) return thrown.isFinal ? lost(thrown) : 'error';
    if (isPassing(thrown)) return 'trouble';
    return failedBy(thrown);
  }
}

function lost(cause: unknown): Failed {
  const detail = 'It does not tell of its task any more.';
  return failedBy(new GatewardError('UPSTREAM_LOST', { detail, cause }));
}

function endOf(look: UpstreamState): Followed | undefined {
  switch (look.status) {
    case 'completed':
      return { kind: 'complete', result: look.result };
    case 'failed':
      return failedUpstream(look.error);
    case 'cancelled':
      return { kind: 'cancelled' };
    default:
      return undefined;
  }
}

/** What the upstream asks, without what is answered: it may take a while to notice (SEP-2663: eventually consistent). */
async function stillAsked(
  held: HeldTask,
  parts: TaskParts,
  asked: ReadonlyMap<string, JsonText>,
): Promise<ReadonlyMap<string, JsonText> | 'answered'> {
  const answers = await answersOf(parts, held.id);
  // What the upstream was told is not among the asked ones any more.
  if ([...held.image.asked.keys()].some((key) => answers.has(key))) return 'answered';
  const named = [...asked].map(([key, request]) => [`u-${key}`, request] as const);
  return new Map(named.filter(([key]) => !answers.has(key)));
}
