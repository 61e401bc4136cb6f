import type { Call, Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import type { Abortable } from '../../lib/abort.ts';
import type { Clock } from '../../lib/clock.ts';
import { JsonText } from '../../lib/json-text.ts';
import { pause } from '../../lib/pause.ts';
import { raceAbort } from '../../lib/race-abort.ts';
import { failedUpstream } from '../../wire/failure.ts';
import { withoutRelatedTask, withRelatedTask } from '../../wire/rev2025-11-25/tasks-to-legacy.ts';
import { completeResult, modernError } from '../../wire/rev2025-11-25/upstream-result.ts';
import { taskResult, taskStatus } from '../../wire/rev2025-11-25/upstream-tasks.ts';
import { readAnswers } from './input-answers.ts';
import type { LegacyConnection } from './legacy-connection.ts';
import { type Exchange, type ExchangeOwner, type Reply, UNTOLD } from './legacy-exchange.ts';
import { OpenQuestions } from './open-questions.ts';
import type { ReverseRequest } from './reverse-request.ts';

/** What a task of a legacy server works with. */
export interface LegacyTaskParts {
  readonly connection: LegacyConnection;
  /** The server's own id. */
  readonly taskId: string;
  /** What the caller can be asked. */
  readonly capabilities: JsonText;
  readonly clock: Clock;
  /** Milliseconds for which further questions are collected after the first. */
  readonly collectMs: number;
  /** Runs once when the task is over and its session is not needed any more. */
  readonly onOver: () => void;
}

/** Milliseconds for the questions of a server that says that it has some. */
const QUESTION_MS = 1_000;
const ACKNOWLEDGED = JsonText.written('{"resultType":"complete"}');
/** Members of a task that take the place of the server's. */
type TaskMembers = Readonly<Record<string, JsonText | undefined>>;

/**
 * One task of a legacy server (2025-11-25 basic/utilities/tasks), as the tasks extension sees it. What the server asks
 * comes on the stream of `tasks/result`, which stays open from the first question to the end.
 */
export class LegacyTask implements ExchangeOwner {
  readonly interactive = true;
  readonly stream = undefined;
  readonly taskId: string;
  readonly #parts: LegacyTaskParts;
  readonly #questions = new OpenQuestions(() => undefined);
  #payload: Exchange | undefined;
  #onAsked: () => void = () => undefined;
  /** How it ended. */
  #end: Outcome | undefined;

  constructor(parts: LegacyTaskParts) {
    this.#parts = parts;
    this.taskId = parts.taskId;
  }

  onNotification(): undefined {
    return undefined;
  }

  onReverse(reverse: ReverseRequest): void {
    this.#questions.add(this.#unrelated(reverse));
    this.#questions.screen(this.#parts.capabilities);
    if (this.#questions.size > 0) this.#onAsked();
  }

  /** The question without the server's id of the task, which its answer carries again. */
  #unrelated(reverse: ReverseRequest): ReverseRequest {
    const { id, method, params, withdrawn } = reverse;
    return {
      id,
      method,
      params: params && withoutRelatedTask(params),
      withdrawn,
      respond: (reply) =>
        reverse.respond('error' in reply ? reply : { result: withRelatedTask(reply.result, this.taskId) }),
    };
  }

  /** Answers `tasks/get`, `tasks/update` and `tasks/cancel`. Throws UPSTREAM_LOST when its session is gone. */
  async serve(call: Call): Promise<Outcome> {
    if (call.method === 'tasks/update') return this.#update(call);
    if (this.#end !== undefined) return call.method === 'tasks/get' ? this.#end : complete(ACKNOWLEDGED);
    return call.method === 'tasks/cancel' ? this.#cancel(call) : this.#get(call);
  }

  /** Nobody asks for it any more. */
  dispose(): void {
    this.#questions.clear();
    this.#payload?.abandon();
  }

  async #get({ message, signal }: Call): Promise<Outcome> {
    const named = { taskId: message.at('params', 'taskId') };
    const reply = await this.#request('tasks/get', signal);
    if (reply.kind === 'error') return failedUpstream(modernError(reply.error));
    const task = reply.result;
    switch (taskStatus(task)) {
      case 'working':
        return complete(taskResult(task, named));
      case 'input_required':
        return complete(taskResult(task, { ...named, ...(await this.#ask(signal)) }));
      case 'completed':
      case 'failed':
        return this.#over(taskResult(task, { ...named, ...(await this.#conclude(signal)) }));
      case 'cancelled':
        return this.#over(taskResult(task, named));
      case undefined:
        throw new GatewardError('UPSTREAM_INVALID', { detail: 'Its task has no status of a task.' });
    }
  }

  /** The extension has no `input_required` without questions. */
  async #ask(signal: Abortable): Promise<TaskMembers> {
    await this.#untilAsked(signal);
    if (this.#questions.size === 0) return { status: JsonText.of('working') };
    const { result } = this.#questions.ask(this.#parts.capabilities, '');
    return { inputRequests: result.get('inputRequests') };
  }

  async #untilAsked(signal: Abortable): Promise<void> {
    const { clock, collectMs } = this.#parts;
    const payload = this.#openPayload();
    if (this.#questions.size > 0) return;
    const asked = Promise.withResolvers<void>();
    const stopTimer = clock.after(QUESTION_MS, asked.resolve);
    this.#onAsked = asked.resolve;
    payload.reply.then(() => asked.resolve(), asked.resolve);
    try {
      await raceAbort(asked.promise, signal);
    } finally {
      stopTimer();
      this.#onAsked = () => undefined;
    }
    if (this.#questions.size > 0) await pause(clock, collectMs);
  }

  async #conclude(signal: Abortable): Promise<TaskMembers> {
    const { server } = this.#parts.connection;
    const reply = await this.#reply(this.#openPayload(), signal);
    if (reply.kind === 'error') return { status: JsonText.of('failed'), error: modernError(reply.error) };
    // A tool that fails inside of its result has completed, in the words of the extension.
    const result = completeResult(withoutRelatedTask(reply.result), server, undefined);
    return { status: JsonText.of('completed'), result };
  }

  async #update(call: Call): Promise<Outcome> {
    const answers = readAnswers(call);
    await raceAbort(this.#questions.answer(answers) ?? Promise.resolve(true), call.signal);
    return complete(ACKNOWLEDGED);
  }

  async #cancel({ message, signal }: Call): Promise<Outcome> {
    const reply = await this.#request('tasks/cancel', signal);
    if (reply.kind === 'error') return failedUpstream(modernError(reply.error));
    const named = { taskId: message.at('params', 'taskId') };
    if (taskStatus(reply.result) === 'cancelled') this.#over(taskResult(reply.result, named));
    return complete(ACKNOWLEDGED);
  }

  #over(result: JsonText): Outcome {
    this.#end ??= complete(result);
    this.dispose();
    this.#parts.onOver();
    return this.#end;
  }

  /** Its stream is opened again where it broke. */
  #openPayload(): Exchange {
    if (this.#payload !== undefined) return this.#payload;
    const payload = this.#send('tasks/result', this);
    this.#payload = payload;
    payload.reply.catch(() => {
      if (this.#payload === payload) this.#payload = undefined;
    });
    return payload;
  }

  async #request(method: string, signal: Abortable): Promise<Reply> {
    const exchange = this.#send(method, UNTOLD);
    try {
      return await this.#reply(exchange, signal);
    } catch (thrown) {
      if (signal.aborted) exchange.cancel('Nobody waits for it any more.');
      throw thrown;
    }
  }

  #send(method: string, owner: ExchangeOwner): Exchange {
    const params = JsonText.of({ taskId: this.taskId });
    return this.#parts.connection.request({ method, params, wantsProgress: false, owner });
  }

  async #reply({ reply }: Exchange, signal: Abortable): Promise<Reply> {
    try {
      return await raceAbort(reply, signal);
    } catch (thrown) {
      // With its session a server forgets the task.
      if (!signal.aborted && this.#parts.connection.closed.aborted)
        throw new GatewardError('UPSTREAM_LOST', { cause: thrown });
      throw thrown;
    }
  }
}

function complete(result: JsonText): Outcome {
  return { kind: 'complete', result };
}
