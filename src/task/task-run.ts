import type { Complete, Failed, InputRequired, Outcome } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { timeOf } from '../lib/clock.ts';
import { joinMembers } from '../lib/json-edit.ts';
import { JsonText } from '../lib/json-text.ts';
import { raceAbort } from '../lib/race-abort.ts';
import { wait } from '../lib/wait.ts';
import { failedBy } from '../wire/failure.ts';
import { followUpstreamTask } from './follow-upstream-task.ts';
import { type HeldTask, Parted } from './held-task.ts';
import { failureNote, noteOf } from './note.ts';
import { partFromTask } from './part-from-task.ts';
import { afterFailure, ranNothing } from './retry.ts';
import { answersOf } from './task-answers.ts';
import { callOf, withRetry } from './task-call.ts';
import { endingOf } from './task-end.ts';
import { NOTHING_ASKED, openAttempt, type TaskImage, withAttempt, withAttemptEnded } from './task-image.ts';
import type { TaskParts, TaskUpstream } from './task-parts.ts';
import { tellUpstream } from './tell-upstream.ts';
import { cancelUpstreamTask, readCreated } from './upstream-task.ts';

/** Milliseconds before a retry that answers nothing (2026-07-28 patterns/mrtr: state without requests). */
const PACE_MS = 250;
/** Times that an upstream may ask to be called again without asking anything. */
const MAX_EMPTY_ROUNDS = 8;
const NO_TASK = 'It is no longer configured.';
const OVER = { kind: 'over' } as const;
/** The end of an attempt whose replica died. */
const CUT_OFF = 'Its replica is gone.';
/** Replicas that may die of one task before it is taken for the cause. */
const MAX_CUT_OFF = 10;

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

/** What is known of the attempt under way. */
interface Attempt {
  /** A replica that died may have made this very call. */
  readonly doubtful: boolean;
  /** It attaches to the call that is under way at the upstream. */
  readonly resumes: boolean;
  /** The call got as far as the upstream's connector. */
  sent: boolean;
}

class TaskRun {
  readonly #held: HeldTask;
  readonly #parts: TaskParts;
  #emptyRounds = 0;
  #attempt: Attempt = { doubtful: false, resumes: false, sent: true };

  constructor(held: HeldTask, parts: TaskParts) {
    this.#held = held;
    this.#parts = parts;
  }

  async run(underWay: Promise<Outcome> | undefined): Promise<void> {
    const { row, image, abort } = this.#held;
    abort.throwIfAborted();
    if (row.state === 'cancelled') throw new Parted('cancelled');
    if (underWay !== undefined) {
      this.#held.isCalling = true;
      return this.#take(await this.#outcomeOf(underWay));
    }
    if (await this.#isOverdue()) throw new Parted('deadline');
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
  async #call(changes: Partial<TaskImage> = {}): Promise<void> {
    const { image, row, callSignal, attempts } = this.#held;
    if (image.history.length === 0)
      this.#parts.meter.waited(row.upstream, Math.max(0, this.#parts.clock.now() - row.createdAt));
    const doubtful = openAttempt(image) !== undefined;
    const resumes = doubtful && image.resumable !== undefined;
    const attempt: Attempt = { doubtful, resumes, sent: false };
    this.#attempt = attempt;
    const history = this.#historyOf(attempt);
    if (history.filter(({ end }) => end === CUT_OFF).length >= MAX_CUT_OFF) return this.#interrupted();
    const isNew = history !== image.history;
    const begun = resumes ? { history } : { history, resumable: undefined };
    await this.#held.save({ ...changes, ...begun }, isNew ? attempts + 1 : attempts);
    const call = callOf({
      message: this.#messageToSend(resumes),
      signal: callSignal,
      principal: row.owner,
      task: {
        // One of an attempt that is over says nothing of the next.
        onResumable: (resumable) => {
          if (this.#attempt === attempt) void this.#held.saveLazily({ resumable });
        },
        onSent: () => {
          attempt.sent = true;
        },
        ...(doubtful && { again: true }),
      },
    });
    this.#held.isCalling = true;
    const outcome = await this.#outcomeOf(
      this.#parts.attempt({ server: row.server, call, headers: undefined }),
    );
    return this.#take(outcome);
  }

  /** With the attempt that begins now; the same if it is the one that a dead replica began. */
  #historyOf({ doubtful, resumes }: Attempt): TaskImage['history'] {
    const { image, row } = this.#held;
    const begun = { startedAt: this.#time(), replica: this.#parts.self };
    if (!doubtful) return withAttempt(image, begun);
    const makesAnother = !resumes && this.#upstream()?.repeatable(row.tool) === true;
    if (!makesAnother) return image.history;
    const history = withAttemptEnded(image, { endedAt: this.#time(), end: CUT_OFF });
    return withAttempt({ history }, begun);
  }

  /** Rejects as soon as the work has to end. What a call still becomes then is nobody's. */
  async #outcomeOf(underWay: Promise<Outcome>): Promise<Outcome> {
    const { abort, callSignal, image, row } = this.#held;
    underWay.then(
      (outcome) => {
        if (!callSignal.aborted || outcome.kind !== 'task') return;
        const id = outcome.result.get('taskId')?.string();
        void cancelUpstreamTask({ row, image }, id, this.#parts);
      },
      () => undefined,
    );
    return raceAbort(underWay, abort);
  }

  #messageToSend(resumes: boolean): JsonText {
    const { message, resumable } = this.#held.image;
    if (!resumes || resumable === undefined) return message;
    return withRetry(message, { requestState: JsonText.of(resumable), inputResponses: undefined });
  }

  async #take(outcome: Outcome): Promise<void> {
    const { abort } = this.#held;
    // What an aborted call was answered says nothing: it ends as the abort wants it.
    abort.throwIfAborted();
    this.#held.isCalling = false;
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
    const kept = this.#bounded(outcome);
    const ending = endingOf(kept);
    this.#endAttempt(kept.kind === 'error' ? 'failed' : 'answered');
    if (kept.kind === 'complete') return this.#held.finish({ state: 'completed', ending });
    const note = failureNote(kept);
    await this.#held.finish({ state: 'failed', ending }, { history: this.#ended(note), note });
  }

  async #failed(answered: Failed): Promise<void> {
    const { image, row } = this.#held;
    const { doubtful, resumes, sent } = this.#attempt;
    // What it would have been resumed by is not known any more.
    const isGone = resumes && answered.code === 'STATE_INVALID';
    const failed = isGone ? failedBy(new GatewardError('UPSTREAM_LOST')) : answered;
    const failures = image.failures + 1;
    const upstream = this.#upstream();
    const rules = upstream?.rules(row.tool).retry;
    const repeatable = upstream?.repeatable(row.tool) === true;
    const attempt = { failed, failures, repeatable, sent, doubtful };
    const next = rules === undefined ? OVER : afterFailure(rules, attempt, this.#parts.random);
    const note = failureNote(failed);
    if (next.kind === 'again') {
      this.#parts.meter.attempted(row.upstream, failed.code === undefined ? 'failed' : 'lost');
      const ended = next.isOpen ? {} : { history: this.#ended(note), resumable: undefined };
      return this.#held.pause({ failures, note, ...ended }, { state: 'working', dueMs: next.delayMs });
    }
    if (doubtful && !repeatable && (failed.code === 'UPSTREAM_LOST' || ranNothing(attempt)))
      return this.#interrupted();
    this.#parts.meter.attempted(row.upstream, failed.code === undefined ? 'failed' : 'lost');
    const ending = endingOf(this.#bounded(failed));
    await this.#held.finish({ state: 'failed', ending }, { failures, history: this.#ended(note), note });
  }

  /** Its call may have run, and is not made again. */
  #interrupted(): Promise<void> {
    return this.#end(failedBy(new GatewardError('TASK_INTERRUPTED')));
  }

  #bounded<T extends Complete | Failed>(outcome: T): T | Failed {
    const { bytes } = outcome.kind === 'complete' ? outcome.result : outcome.error;
    const isLarge = bytes.length > this.#parts.config().maxResultBytes;
    return isLarge ? failedBy(new GatewardError('TASK_RESULT_TOO_LARGE')) : outcome;
  }

  /** The upstream asks for input: the task waits, and nobody has to hold it. */
  async #ask({ result }: InputRequired): Promise<void> {
    const { image } = this.#held;
    const requests = result.get('inputRequests')?.members() ?? [];
    const requestState = result.get('requestState');
    if (requests.length === 0) return this.#callSoon(requestState);
    const round = image.round + 1;
    // Keys of an upstream repeat from round to round, those of a task never do (SEP-2663 §Task Update Requests).
    const asked = new Map(requests.map(([key, request]) => [`${round}-${key}`, request]));
    this.#endAttempt('answered');
    const history = this.#ended('It asked for input.');
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
    await this.#held.save({ message, history: this.#ended('It asked to be called again.') });
    return this.#call();
  }

  /** Its input is there, or the time for it is over. */
  async #goOnWithAnswers(): Promise<void> {
    const { image, id } = this.#held;
    const answers = await answersOf(this.#parts, id);
    const given = new Map(
      [...image.asked.keys()].flatMap((key) => {
        const answer = answers.get(key);
        return answer === undefined ? [] : [[bareKey(key), answer]];
      }),
    );
    if (image.upstreamTask !== undefined) {
      const asked = this.#askedTask();
      if (given.size > 0 && asked !== undefined) {
        await tellUpstream(this.#held, this.#parts, { asked, answers: given });
        const left = [...image.asked].filter(([key]) => !answers.has(key));
        // With all told, it works again; until then it waits for the rest, which may come any moment.
        const attempts = left.length === 0 ? this.#held.attempts : undefined;
        await this.#held.save({ asked: new Map(left) }, attempts);
      }
      return this.#follow();
    }
    if (given.size < image.asked.size) return this.#end(failedBy(new GatewardError('INPUT_NOT_GIVEN')));
    const inputResponses = joinMembers(given);
    const message = withRetry(image.message, { requestState: image.requestState, inputResponses });
    return this.#call({ message, asked: NOTHING_ASKED, requestState: undefined });
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
      case 'answered':
        return this.#goOnWithAnswers();
      case 'asks': {
        const changes = { asked: followed.asked, note: noteOf(followed.note) };
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

  #ended(end: string): TaskImage['history'] {
    return withAttemptEnded(this.#held.image, { endedAt: this.#time(), end });
  }

  #endAttempt(end: 'answered' | 'failed'): void {
    this.#parts.meter.attempted(this.#held.row.upstream, end);
  }

  #upstream(): TaskUpstream | undefined {
    return this.#parts.upstream(this.#held.row.upstream);
  }

  #time(): string {
    return timeOf(this.#parts.clock);
  }
}

/** The upstream's key of an input request, without the round before it. */
function bareKey(key: string): string {
  return key.slice(key.indexOf('-') + 1);
}
