import type { Complete, Failed, InputRequired, Outcome } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import { raceAbort } from '../lib/race-abort.ts';
import { wait } from '../lib/wait.ts';
import { failedBy } from '../wire/failure.ts';
import { followUpstreamTask } from './follow-upstream-task.ts';
import { type HeldTask, Parted, type TaskEnding } from './held-task.ts';
import { partFromTask } from './part-from-task.ts';
import { afterFailure } from './retry.ts';
import { answersOf } from './task-answers.ts';
import { callOf } from './task-call.ts';
import { endingOf } from './task-end.ts';
import { NOTHING_ASKED, withAttempt, withAttemptEnded } from './task-image.ts';
import type { TaskParts, TaskUpstream } from './task-parts.ts';
import { answerAt, readCreated } from './upstream-task.ts';

/** Milliseconds before a retry that answers nothing (2026-07-28 patterns/mrtr: state without requests). */
const PACE_MS = 250;
/** Times that an upstream may ask to be called again without asking anything. */
const MAX_EMPTY_ROUNDS = 8;
const NO_TASK = 'It is no longer configured.';

/**
 * Works on a task that this replica holds until it has ended or waits for something. `underWay` is the call that the
 * task was made of, where that is on its way already. Never rejects.
 */
export async function runTask(held: HeldTask, parts: TaskParts, underWay?: Promise<Outcome>): Promise<void> {
  try {
    await new TaskRun(held, parts).run(underWay);
  } catch (thrown) {
    await partFromTask(held, parts, thrown);
  }
}

class TaskRun {
  readonly #held: HeldTask;
  readonly #parts: TaskParts;
  #emptyRounds = 0;
  /** How often the call was sent. */
  #attempts: number;

  constructor(held: HeldTask, parts: TaskParts) {
    this.#held = held;
    this.#parts = parts;
    this.#attempts = held.row.attempts;
  }

  async run(underWay: Promise<Outcome> | undefined): Promise<void> {
    const { row, image, abort } = this.#held;
    if (row.state === 'cancelled') throw new Parted('cancelled');
    if (await this.#isOverdue()) throw new Parted('deadline');
    if (underWay !== undefined) return this.#take(await raceAbort(underWay, abort));
    if (image.asked.size > 0) return this.#goOnWithAnswers();
    if (image.upstreamTask !== undefined) return this.#follow();
    return this.#call();
  }

  /** Whether it was taken for its deadline: what it waited for would have been later. */
  async #isOverdue(): Promise<boolean> {
    const { image, row, id } = this.#held;
    if (row.dueAt === undefined || row.dueAt < row.deadlineAt) return false;
    // It may also be here for its answers, or be left by a replica that died after those.
    if (image.asked.size === 0) return row.state === 'working' && image.history.at(-1)?.end !== undefined;
    const answers = await answersOf(this.#parts, id);
    return [...image.asked.keys()].some((key) => !answers.has(key));
  }

  /** The first attempt, a further one, or the one that a dead replica had begun. */
  async #call(): Promise<void> {
    const { image, row, abort } = this.#held;
    const last = image.history.at(-1);
    const again = last !== undefined && last.end === undefined;
    const begun = { startedAt: this.#time(), replica: this.#parts.self };
    if (!again) this.#attempts++;
    if (image.history.length === 0)
      this.#parts.meter.waited(row.upstream, Math.max(0, this.#parts.clock.now() - row.createdAt));
    await this.#held.save({ history: again ? image.history : withAttempt(image, begun) }, this.#attempts);
    const onResumable = (resumable: string): void => void this.#held.saveLazily({ resumable });
    const call = callOf({
      message: this.#messageToSend(again),
      signal: abort,
      principal: row.owner,
      task: again ? { onResumable, again } : { onResumable },
    });
    const outcome = await raceAbort(
      this.#parts.attempt({ server: row.server, call, headers: undefined }),
      abort,
    );
    return this.#take(outcome);
  }

  #messageToSend(again: boolean): JsonText {
    const { message, resumable } = this.#held.image;
    const params = message.get('params');
    if (!again || resumable === undefined || params === undefined) return message;
    const changes = { requestState: JsonText.of(resumable), inputResponses: undefined };
    return message.with({ params: params.with(changes) });
  }

  async #take(outcome: Outcome): Promise<void> {
    const { abort } = this.#held;
    // What an aborted call was answered says nothing: it ends as the abort wants it.
    if (abort.aborted) throw abort.reason;
    switch (outcome.kind) {
      case 'complete':
        return this.#end(outcome);
      case 'error':
        return this.#failed(outcome);
      case 'input_required':
        return this.#ask(outcome);
      case 'task':
        await this.#held.save({ upstreamTask: readCreated(outcome.result), resumable: undefined });
        return this.#follow();
    }
  }

  async #end(outcome: Complete | Failed): Promise<void> {
    const { maxResultBytes } = this.#parts.config();
    const large = outcome.kind === 'complete' && outcome.result.bytes.length > maxResultBytes;
    const kept = large ? failedBy(new GatewardError('TASK_RESULT_TOO_LARGE')) : outcome;
    const isError = kept.kind === 'error';
    this.#endAttempt(isError ? 'failed' : 'answered');
    const ending: TaskEnding = { state: isError ? 'failed' : 'completed', ending: endingOf(kept) };
    await this.#held.finish(ending);
  }

  async #failed(failed: Failed): Promise<void> {
    const { image, row } = this.#held;
    const failures = image.failures + 1;
    const upstream = this.#upstream();
    const rules = upstream?.rules(row.tool).retry;
    const repeatable = upstream?.repeatable(row.tool) === true;
    const next =
      rules === undefined
        ? ({ kind: 'over' } as const)
        : afterFailure(rules, { failed, failures, repeatable }, this.#parts.random);
    const note = failed.error.get('message')?.string() ?? 'It failed.';
    const history = withAttemptEnded(image, { endedAt: this.#time(), end: note });
    this.#parts.meter.attempted(row.upstream, failed.code === undefined ? 'failed' : 'lost');
    if (next.kind === 'again') {
      const changes = { failures, history, note, resumable: undefined };
      return this.#held.pause(changes, { state: 'working', dueMs: next.delayMs });
    }
    await this.#held.saveLazily({ failures, history, note });
    await this.#held.finish({ state: 'failed', ending: endingOf(failed) });
  }

  /** The upstream asks for input: the task waits, and nobody has to hold it. */
  async #ask({ result }: InputRequired): Promise<void> {
    const { image } = this.#held;
    const requests = result.get('inputRequests');
    const keys = requests?.keys() ?? [];
    const requestState = result.get('requestState');
    if (keys.length === 0) return this.#callSoon(requestState);
    const round = image.round + 1;
    const asked = new Map(
      keys.flatMap((key) => {
        const request = requests?.get(key);
        // Keys of an upstream repeat from round to round, those of a task never do (SEP-2663 §Task Update Requests).
        return request === undefined ? [] : [[`${round}-${key}`, request] as const];
      }),
    );
    this.#endAttempt('answered');
    const history = withAttemptEnded(image, { endedAt: this.#time(), end: 'It asked for input.' });
    const changes = { round, asked, requestState, resumable: undefined, history, note: undefined };
    const dueMs = this.#upstream()?.rules(this.#held.row.tool).inputMs;
    await this.#held.pause(changes, { state: 'input_required', dueMs });
  }

  async #callSoon(requestState: JsonText | undefined): Promise<void> {
    if (++this.#emptyRounds > MAX_EMPTY_ROUNDS || requestState === undefined) {
      const detail = 'It asks to be called again and again without asking anything.';
      return this.#end(failedBy(new GatewardError('UPSTREAM_INVALID', { detail })));
    }
    await wait(this.#parts.clock, PACE_MS, this.#held.abort);
    this.#held.abort.throwIfAborted();
    const message = withRetry(this.#held.image.message, { requestState, inputResponses: undefined });
    const history = withAttemptEnded(this.#held.image, {
      endedAt: this.#time(),
      end: 'It asked to be called again.',
    });
    await this.#held.save({ message, history });
    return this.#call();
  }

  /** Its input is there, or the time for it is over. */
  async #goOnWithAnswers(): Promise<void> {
    const { image, id } = this.#held;
    const answers = await answersOf(this.#parts, id);
    const given = [...image.asked.keys()].filter((key) => answers.has(key));
    if (image.upstreamTask !== undefined) {
      const told = new Map(given.map((key) => [bareKey(key), answers.get(key) ?? JsonText.of(null)]));
      if (told.size > 0) await this.#tellUpstream(told);
      return this.#follow();
    }
    if (given.length < image.asked.size) return this.#end(failedBy(new GatewardError('INPUT_NOT_GIVEN')));
    const members = given.map((key) => `${JSON.stringify(bareKey(key))}:${answers.get(key)?.text}`);
    const inputResponses = JsonText.written(`{${members.join(',')}}`);
    const message = withRetry(image.message, { requestState: image.requestState, inputResponses });
    await this.#held.save({ message, asked: NOTHING_ASKED, requestState: undefined });
    return this.#call();
  }

  async #tellUpstream(answers: ReadonlyMap<string, JsonText>): Promise<void> {
    const asked = this.#askedTask();
    if (asked === undefined) return;
    await raceAbort(answerAt(asked, answers), this.#held.abort);
    const left = [...this.#held.image.asked].filter(([key]) => !answers.has(bareKey(key)));
    await this.#held.save({ asked: new Map(left) }, this.#attempts);
  }

  /** Waits for the upstream's own task. */
  async #follow(): Promise<void> {
    const asked = this.#askedTask();
    if (asked === undefined) {
      return this.#end(failedBy(new GatewardError('UPSTREAM_UNAVAILABLE', { detail: NO_TASK })));
    }
    const followed = await followUpstreamTask(this.#held, this.#parts, asked);
    switch (followed.kind) {
      case 'complete':
      case 'error':
        return this.#end(followed);
      case 'cancelled':
        return this.#held.finish({ state: 'cancelled', ending: undefined });
      case 'asks': {
        const changes = { asked: followed.asked, note: followed.note };
        return this.#held.pause(changes, { state: 'input_required', dueMs: followed.lookMs });
      }
    }
  }

  #askedTask() {
    const { image, row, abort } = this.#held;
    const source = this.#upstream()?.source;
    if (source === undefined || image.upstreamTask === undefined) return undefined;
    const made = { message: image.message, signal: abort, principal: row.owner };
    return { source, context: image.context, id: image.upstreamTask.id, made };
  }

  #endAttempt(end: 'answered' | 'failed'): void {
    this.#parts.meter.attempted(this.#held.row.upstream, end);
  }

  #upstream(): TaskUpstream | undefined {
    return this.#parts.upstream(this.#held.row.upstream);
  }

  #time(): string {
    return new Date(this.#parts.clock.now()).toISOString();
  }
}

/** The upstream's key of an input request, without the round before it. */
function bareKey(key: string): string {
  return key.slice(key.indexOf('-') + 1);
}

function withRetry(
  message: JsonText,
  retry: { readonly requestState: JsonText | undefined; readonly inputResponses: JsonText | undefined },
): JsonText {
  const params = message.get('params');
  return params === undefined ? message : message.with({ params: params.with(retry) });
}
