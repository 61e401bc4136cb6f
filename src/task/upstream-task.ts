import type { AuthorizationContext, Outcome } from '../call.ts';
import { type ErrorCode, GatewardError } from '../errors.ts';
import { Abort } from '../lib/abort.ts';
import { joinMembers } from '../lib/json-edit.ts';
import type { JsonText } from '../lib/json-text.ts';
import type { Log } from '../lib/log.ts';
import { waitAtMost } from '../lib/wait-at-most.ts';
import type { TaskRow } from '../store/task-table.ts';
import { asksForUnsafeUrl } from '../wire/asked-url.ts';
import { type MadeCall, upstreamTaskCall } from './task-call.ts';
import type { TaskImage, UpstreamTask } from './task-image.ts';
import type { TaskParts, TaskSource } from './task-parts.ts';

/** A task of an upstream, and who asks about it. */
export interface AskedTask {
  readonly source: TaskSource;
  readonly context: AuthorizationContext;
  readonly id: string;
  readonly made: MadeCall;
}

/** Pauses between two questions about a task while they come to nothing. */
export const TROUBLE = { firstMs: 500, maxMs: 15_000 };
/** Failures that say nothing of the task: it is asked for again. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_LOST',
  'UPSTREAM_FAILED',
  'UPSTREAM_TIMEOUT',
  'RATE_LIMITED',
  'STORE_UNAVAILABLE',
  'STOPPING',
]);

/** Whether a failed question says nothing of the task itself. */
export function isPassing(thrown: unknown): boolean {
  return thrown instanceof GatewardError && PASSING.has(thrown.code);
}

/** Milliseconds between two looks where the upstream does not say, at least and at most. */
const POLL_MS = { usual: 1000, min: 100, max: 3_600_000 };

/** Milliseconds until the next look at a task: as the upstream asks for, as far as that makes sense. */
export function pollMsOf(state: UpstreamState): number {
  const wish = 'pollIntervalMs' in state ? state.pollIntervalMs : undefined;
  return Math.min(POLL_MS.max, Math.max(POLL_MS.min, wish ?? POLL_MS.usual));
}

/** How an upstream's task is. */
export type UpstreamState =
  | {
      readonly status: 'working';
      readonly pollIntervalMs: number | undefined;
      readonly note: string | undefined;
    }
  | {
      readonly status: 'input_required';
      readonly pollIntervalMs: number | undefined;
      readonly note: string | undefined;
      readonly asked: ReadonlyMap<string, JsonText>;
    }
  | { readonly status: 'completed'; readonly result: JsonText }
  | { readonly status: 'failed'; readonly error: JsonText }
  | { readonly status: 'cancelled'; readonly note: string | undefined };

/** Reads what a CreateTaskResult says. Throws UPSTREAM_INVALID. */
export function readCreated(result: JsonText): UpstreamTask {
  const id = result.get('taskId')?.string();
  if (id === undefined) throw invalid('It made a task without a taskId.');
  return { id, pollIntervalMs: pollIntervalOf(result) };
}

/** Asks an upstream how its task is. Throws as connectors do; an error that it answers is thrown as UnknownTask. */
export async function lookAt(
  asked: AskedTask,
  { guarded }: Pick<TaskParts, 'guarded'>,
): Promise<UpstreamState> {
  const call = upstreamTaskCall('tasks/get', { taskId: asked.id }, asked.made);
  const { source, context, made } = asked;
  const outcome = await source.call(call, context);
  const tool = made.message.at('params', 'name')?.string();
  const told = { upstream: source.name, tool, principal: made.principal, context, outcome };
  return readState(resultOf(await guarded(told)));
}

/** Passes answers on. */
export async function answerAt(asked: AskedTask, answers: ReadonlyMap<string, JsonText>): Promise<void> {
  const inputResponses = joinMembers(answers);
  const call = upstreamTaskCall('tasks/update', { taskId: asked.id, inputResponses }, asked.made);
  resultOf(await asked.source.call(call, asked.context));
}

/** Asks an upstream to cancel its task. */
async function cancelAt(asked: AskedTask): Promise<void> {
  const call = upstreamTaskCall('tasks/cancel', { taskId: asked.id }, asked.made);
  await asked.source.call(call, asked.context);
}

/** Milliseconds that an upstream has for taking a cancellation. */
const CANCEL_MS = 10_000;

/** Whose task of an upstream's it is. */
export interface UpstreamTaskOf {
  readonly id: string;
  /** The call that it was made of. */
  readonly message: JsonText;
  readonly owner: string;
}

/** Asks an upstream to cancel its task, as well as that can be done now. Never rejects. */
export async function cancelQuietly(
  { source, context }: Pick<AskedTask, 'source' | 'context'>,
  { id, message, owner }: UpstreamTaskOf,
  log: Log,
): Promise<void> {
  const signal = new Abort();
  const made = { message, signal, principal: owner };
  const told = cancelAt({ source, context, id, made }).catch((thrown: unknown) => {
    log.warn('an upstream could not be told that its task is cancelled', { upstream: source.name, thrown });
  });
  await waitAtMost(told, CANCEL_MS);
  signal.abort(new GatewardError('UPSTREAM_TIMEOUT'));
}

/** As `cancelQuietly`, for what the call of a task of ours became there; nothing happens without an id. Never rejects. */
export async function cancelUpstreamTask(
  { row, image }: { readonly row: TaskRow; readonly image: TaskImage | undefined },
  id: string | undefined,
  { upstream, log }: Pick<TaskParts, 'upstream' | 'log'>,
): Promise<void> {
  const source = upstream(row.upstream)?.source;
  if (source === undefined || image === undefined || id === undefined) return;
  const { context, message } = image;
  await cancelQuietly({ source, context }, { id, message, owner: row.owner }, log);
}

/** What an upstream answers about a task that it does not know, or does not tell of. */
export class UpstreamAnsweredError extends Error {
  override readonly name = 'UpstreamAnsweredError';
  readonly outcome: Outcome & { readonly kind: 'error' };

  constructor(outcome: Outcome & { readonly kind: 'error' }) {
    super('the upstream answered an error');
    this.outcome = outcome;
  }

  /** Whether it does not know the task, or nothing of tasks (SEP-2663 §Protocol Errors): no further question helps. */
  get isFinal(): boolean {
    const code = this.outcome.error.get('code')?.text ?? '';
    return ['-32602', '-32601', '-32021'].includes(code);
  }
}

function resultOf(outcome: Outcome): JsonText {
  if (outcome.kind === 'error') throw new UpstreamAnsweredError(outcome);
  return outcome.result;
}

function readState(task: JsonText): UpstreamState {
  const status = task.get('status')?.string();
  const pollIntervalMs = pollIntervalOf(task);
  const note = task.get('statusMessage')?.string();
  switch (status) {
    case 'working':
      return { status, pollIntervalMs, note };
    case 'input_required':
      return { status, pollIntervalMs, note, asked: questionsOf(task) };
    case 'completed': {
      const result = task.get('result');
      if (result?.kind !== 'object') throw invalid('Its completed task has no result.');
      return { status, result };
    }
    case 'failed': {
      const error = task.get('error');
      if (error?.kind !== 'object') throw invalid('Its failed task has no error.');
      return { status, error };
    }
    case 'cancelled':
      return { status, note };
    default:
      throw invalid('Its task has an unknown status.');
  }
}

function pollIntervalOf(task: JsonText): number | undefined {
  const value = task.get('pollIntervalMs')?.number();
  return value !== undefined && value >= 0 ? value : undefined;
}

function questionsOf(task: JsonText): Map<string, JsonText> {
  const asked = new Map(task.get('inputRequests')?.members());
  for (const request of asked.values()) {
    if (asksForUnsafeUrl(request.get('method')?.string(), request.get('params')))
      throw invalid('It asks to open an address that is not one of the web.');
  }
  return asked;
}

function invalid(detail: string): GatewardError {
  return new GatewardError('UPSTREAM_INVALID', { detail });
}
