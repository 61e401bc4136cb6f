import type { Call, Outcome } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { Abort } from '../lib/abort.ts';
import type { JsonText } from '../lib/json-text.ts';
import { failedBy } from '../wire/failure.ts';
import type { HeldTask } from './held-task.ts';
import { madeOf, type RunCall, type TaskAsk, taskOf } from './make-task.ts';
import type { TaskRules } from './rules.ts';
import type { TaskParts } from './task-parts.ts';
import type { TaskQuota } from './task-quota.ts';
import type { TaskWork } from './task-work.ts';

/** What promotion needs. */
export interface PromotionParts {
  readonly parts: TaskParts;
  readonly quota: TaskQuota;
  readonly work: TaskWork;
  readonly rules: TaskRules;
  /** Takes on the task that the upstream itself made of the call: its CreateTaskResult to our handle. */
  readonly adopt: (created: JsonText) => Promise<Outcome>;
}

/** Where a call is. The first to change it decides the race between its client's leaving, its end and its promotion. */
type Phase = 'running' | 'gone' | 'over' | 'task';

/**
 * Runs a call whose client knows tasks. One that is not done in time becomes a task without being run twice: its row is
 * durable before the handle leaves, and the work goes on. A client that leaves before that cancels the call, after it
 * does not. A call that cannot become a task (the store is away, the caller has too many) goes on as it is.
 */
export function promoteCall(ask: TaskAsk, run: RunCall, needs: PromotionParts): Promise<Outcome> {
  return new Promotion(ask, needs).run(run);
}

class Promotion {
  readonly #ask: TaskAsk;
  readonly #needs: PromotionParts;
  /** Ends the call. */
  readonly #abort = new Abort();
  #phase: Phase = 'running';
  #resumable: string | undefined;
  #held: HeldTask | undefined;

  constructor(ask: TaskAsk, needs: PromotionParts) {
    this.#ask = ask;
    this.#needs = needs;
  }

  run(run: RunCall): Promise<Outcome> {
    const { signal, notify } = this.#ask.call;
    const { adopt, rules } = this.#needs;
    const { clock } = this.#needs.parts;
    const onGone = (): void => {
      if (this.#phase === 'running') this.#phase = 'gone';
      this.#abort.abort(signal.reason);
    };
    if (signal.aborted) return Promise.reject(signal.reason);
    signal.addEventListener('abort', onGone);
    const call: Call = {
      ...this.#ask.call,
      signal: this.#abort,
      // A task has no progress and no log messages (SEP-2663 §Task Status Notifications).
      notify: (notification) => (this.#phase === 'running' ? notify(notification) : undefined),
      task: { onResumable: (state) => this.#onResumable(state) },
    };
    const running = run(call);
    return new Promise((resolve, reject) => {
      const callOff = clock.after(rules.promoteAfterMs, () => {
        void this.#promote(running).then((made) => {
          if (made === undefined) return;
          signal.removeEventListener('abort', onGone);
          resolve(made);
        });
      });
      const over = (): boolean => {
        callOff();
        if (this.#phase === 'task') return false;
        this.#phase = 'over';
        signal.removeEventListener('abort', onGone);
        return true;
      };
      running.then(
        (outcome) => {
          if (over()) resolve(outcome.kind === 'task' ? adopt(outcome.result) : outcome);
        },
        (thrown: unknown) => {
          if (over()) reject(thrown);
        },
      );
    });
  }

  /** The handle; undefined if the call goes on as it is, or has ended meanwhile. Never rejects. */
  async #promote(running: Promise<Outcome>): Promise<Outcome | undefined> {
    const { parts, quota, work, rules } = this.#needs;
    const ask = this.#ask;
    try {
      await quota.take(ask.principal.key);
      const more = { rules, isUnderWay: true, resumable: this.#resumable };
      const held = await work.adopt(taskOf(ask, more, parts));
      // Nobody was told of the task: what happened meanwhile counts.
      if (this.#phase !== 'running') {
        await work.discard(held);
        return undefined;
      }
      this.#phase = 'task';
      this.#held = held;
      this.#onResumable(this.#resumable);
      held.callSignal.addEventListener('abort', () => this.#abort.abort(held.callSignal.reason));
      const { restore = (outcome: Outcome) => outcome } = ask;
      work.begin(held, running.then(restore, failedBy));
      parts.meter.created(ask.source.name, 'promoted');
      return madeOf(held.row, parts);
    } catch (thrown) {
      const code = thrown instanceof GatewardError ? thrown.code : undefined;
      if (code !== 'TASK_LIMIT' && code !== 'STORE_UNAVAILABLE')
        parts.log.error('a call could not become a task', { upstream: ask.source.name, thrown });
      return undefined;
    }
  }

  #onResumable(state: string | undefined): void {
    if (state === undefined) return;
    this.#resumable = state;
    if (this.#held !== undefined && this.#held.image.resumable !== state)
      void this.#held.saveLazily({ resumable: state });
  }
}
