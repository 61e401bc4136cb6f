import type { Complete, Failed } from '../call.ts';
import { type ErrorCode, GatewardError } from '../errors.ts';
import { backoffMs } from '../lib/backoff.ts';
import type { JsonText } from '../lib/json-text.ts';
import { raceAbort } from '../lib/race-abort.ts';
import { wait } from '../lib/wait.ts';
import { failedBy } from '../wire/failure.ts';
import type { HeldTask } from './held-task.ts';
import { answersOf } from './task-answers.ts';
import type { TaskParts } from './task-parts.ts';
import { type AskedTask, lookAt, UpstreamAnsweredError, type UpstreamState } from './upstream-task.ts';

/** What an upstream's task came to. */
export type Followed =
  | Complete
  | Failed
  | { readonly kind: 'cancelled' }
  | {
      readonly kind: 'asks';
      /** By the key that the client sees. */
      readonly asked: ReadonlyMap<string, JsonText>;
      readonly note: string | undefined;
      /** Milliseconds until somebody should look at it again, answers or not. */
      readonly lookMs: number;
    };

/** Milliseconds between two looks where the upstream does not say, and at least. */
const POLL_MS = 1000;
const MIN_POLL_MS = 100;
/** Milliseconds between two looks at a task that waits for its client. */
const ASKING_LOOK_MS = 5000;
const TROUBLE = { firstMs: 500, maxMs: 15_000 };
/** Failures that say nothing of the task: it is looked at again. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_LOST',
  'UPSTREAM_FAILED',
  'UPSTREAM_TIMEOUT',
  'STORE_UNAVAILABLE',
  'STOPPING',
]);

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
  for (;;) {
    held.abort.throwIfAborted();
    const look = await lookOnce(held, asked);
    if (look === undefined) {
      failures++;
      await wait(clock, backoffMs(failures, { ...TROUBLE, random }), held.abort);
      continue;
    }
    failures = 0;
    if ('kind' in look) return look;
    const end = endOf(look);
    if (end !== undefined) return end;
    const pollMs = Math.max(MIN_POLL_MS, pollIntervalOf(look) ?? POLL_MS);
    const open = look.status === 'input_required' ? await stillAsked(held, parts, look.asked) : undefined;
    if (open !== undefined && open.size > 0) {
      return { kind: 'asks', asked: open, note: noteOf(look), lookMs: Math.max(pollMs, ASKING_LOOK_MS) };
    }
    if (noteOf(look) !== held.image.note) await held.saveLazily({ note: noteOf(look) });
    await wait(clock, pollMs, held.abort);
  }
}

/** Undefined for trouble that passes. */
async function lookOnce(held: HeldTask, asked: AskedTask): Promise<UpstreamState | Failed | undefined> {
  try {
    return await raceAbort(lookAt(asked), held.abort);
  } catch (thrown) {
    held.abort.throwIfAborted();
    if (thrown instanceof UpstreamAnsweredError) {
      const detail = 'It does not tell of its task any more.';
      return failedBy(new GatewardError('UPSTREAM_LOST', { detail, cause: thrown }));
    }
    if (thrown instanceof GatewardError && PASSING.has(thrown.code)) return undefined;
    return failedBy(thrown);
  }
}

function endOf(look: UpstreamState): Followed | undefined {
  switch (look.status) {
    case 'completed':
      return { kind: 'complete', result: look.result };
    case 'failed':
      return { kind: 'error', error: look.error, code: undefined, retryAfterSeconds: undefined };
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
): Promise<ReadonlyMap<string, JsonText>> {
  const answers = await answersOf(parts, held.id);
  const named = [...asked].map(([key, request]) => [`u-${key}`, request] as const);
  return new Map(named.filter(([key]) => !answers.has(key)));
}

function pollIntervalOf(look: UpstreamState): number | undefined {
  return 'pollIntervalMs' in look ? look.pollIntervalMs : undefined;
}

function noteOf(look: UpstreamState): string | undefined {
  return 'note' in look ? look.note : undefined;
}
