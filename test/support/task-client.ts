/** A modern client of the tasks extension, as raw HTTP. */
import {
  type Answered,
  askModern,
  errorOf,
  type Json,
  OpenStream,
  postModern,
  resultOf,
} from './front-door.ts';

const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
/** The tasks extension (SEP-2663). */
export const TASKS = 'io.modelcontextprotocol/tasks';

const ENDED = ['completed', 'failed', 'cancelled'];
const LOOK_EVERY_MS = 20;
const ENDS_WITHIN_MS = 20_000;

/** What may differ from one client to another. */
export interface TaskClientOptions {
  readonly headers?: Record<string, string>;
  /** Capabilities beside tasks. */
  readonly capabilities?: Json;
  /** False for a client that knows no tasks. */
  readonly tasks?: boolean;
}

/** One request. */
export interface TaskSketch {
  readonly signal?: AbortSignal;
  readonly meta?: Json;
}

export class TaskClient {
  readonly url: string;
  readonly #headers: Record<string, string>;
  readonly #capabilities: Json;
  #lastId = 0;

  constructor(url: string, { headers = {}, capabilities = {}, tasks = true }: TaskClientOptions = {}) {
    this.url = url;
    this.#headers = headers;
    this.#capabilities = { elicitation: {}, ...capabilities, ...(tasks && { extensions: { [TASKS]: {} } }) };
  }

  /** Sends a request and reads its whole answer. */
  ask(method: string, params: Json = {}, sketch: TaskSketch = {}): Promise<Answered> {
    return askModern(this.url, method, this.#sketch(params, sketch));
  }

  /** Calls a tool. Gives the result, which may be that of a task's creation. */
  async call(name: string, args: Json = {}, sketch: TaskSketch = {}): Promise<Json> {
    return resultOf((await this.ask('tools/call', { name, arguments: args }, sketch)).message);
  }

  /** Calls a tool that is to become a task, and gives the task's id. */
  async create(name: string, args: Json = {}): Promise<string> {
    const result = await this.call(name, args);
    if (result['resultType'] !== 'task') throw new TypeError(`no task: ${JSON.stringify(result)}`);
    return String(result['taskId']);
  }

  async get(taskId: string): Promise<Json> {
    return resultOf((await this.ask('tasks/get', { taskId })).message);
  }

  async update(taskId: string, inputResponses: Json): Promise<Json> {
    return resultOf((await this.ask('tasks/update', { taskId, inputResponses })).message);
  }

  async cancel(taskId: string): Promise<Json> {
    return resultOf((await this.ask('tasks/cancel', { taskId })).message);
  }

  /** The error that a request ends in. */
  async errorOf(method: string, params: Json): Promise<{ code: number; message: string; data?: Json }> {
    return errorOf((await this.ask(method, params)).message);
  }

  /** Looks until the task is in the state, and fails once it has ended in another. */
  async until(taskId: string, status: string, fits: (task: Json) => boolean = () => true): Promise<Json> {
    const limit = performance.now() + ENDS_WITHIN_MS;
    for (;;) {
      const task = await this.get(taskId);
      if (task['status'] === status && fits(task)) return task;
      const isOver = ENDED.includes(String(task['status'])) || performance.now() > limit;
      if (isOver) throw new TypeError(`not ${status}: ${JSON.stringify(task)}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  /** The text of the result of a task that completes. */
  async textOf(taskId: string): Promise<string> {
    const { content } = Object((await this.until(taskId, 'completed'))['result']);
    return String(content[0].text);
  }

  /** Opens a `subscriptions/listen` for tasks. */
  async listen(taskIds: readonly string[], id = 'listen'): Promise<OpenStream> {
    const params = { notifications: { taskIds } };
    const response = await postModern(this.url, 'subscriptions/listen', { ...this.#sketch(params, {}), id });
    if (response.status !== 200) throw new TypeError(`${response.status}: ${await response.text()}`);
    return new OpenStream(response);
  }

  #sketch(params: Json, { signal, meta = {} }: TaskSketch) {
    return {
      id: `t-${++this.#lastId}`,
      params,
      meta: { [CAPABILITIES]: this.#capabilities, ...meta },
      headers: this.#headers,
      ...(signal !== undefined && { signal }),
    };
  }
}
