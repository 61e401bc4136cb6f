/** Clients of every revision without an SDK: what stands on the wire, and what the user behind them answers. */
import { EventReader, type ReadEvent } from '../../support/event-reader.ts';
import { type Json, modernMeta, OpenStream, postModern, readAnswer } from '../../support/front-door.ts';

/** How the user answers: a result, `{ error }`, or nothing at all. */
export type Answer = (method: string, params: Json) => Json | undefined;

/** Something that a server asked. */
export interface Asked {
  readonly method: string;
  readonly params: Json;
}

/** How one request ended. */
export interface Ended {
  readonly status: number;
  /** Empty where there was no response. */
  readonly message: Json;
  readonly notifications: readonly Json[];
  readonly asked: readonly Asked[];
  /** Modern: how often the call was sent, and how many questions each answer had. */
  readonly rounds: readonly number[];
}

/** What a request says beside its method. */
export interface Sketch {
  readonly params?: Json;
  readonly meta?: Json;
  readonly answer?: Answer;
  readonly signal?: AbortSignal;
}

/** A client that talks to one server. */
export interface Conversation {
  readonly version: string;
  /** What the server said of itself: the result of `initialize`, or of `server/discover`. */
  readonly introduction: Json;
  request(method: string, sketch?: Sketch): Promise<Ended>;
  close(): Promise<void>;
}

/** Calls a tool. */
export function callTool(
  talk: Conversation,
  name: string,
  args: Json = {},
  sketch: Sketch = {},
): Promise<Ended> {
  return talk.request('tools/call', { ...sketch, params: { name, arguments: args } });
}

/** The result; fails for anything else. */
export function resultOf({ message }: Ended): Json {
  if (message['result'] === undefined) throw new TypeError(`no result: ${JSON.stringify(message)}`);
  return Object(message['result']);
}

/** The error; fails for anything else. */
export function errorOf({ message }: Ended): Json {
  if (message['error'] === undefined) throw new TypeError(`no error: ${JSON.stringify(message)}`);
  return Object(message['error']);
}

/** The text of a tool's or a prompt's result. */
export function textOf(ended: Ended): string {
  const { content, messages } = resultOf(ended) as { content?: Json[]; messages?: { content: Json }[] };
  const blocks = content ?? messages?.map((message) => message.content) ?? [];
  return blocks.map((block) => String(block['text'] ?? '')).join('\n');
}

/** The text, read as JSON. */
export function jsonOf(ended: Ended): Json {
  return JSON.parse(textOf(ended));
}

const refusesAll: Answer = () => ({ error: { code: -1, message: 'not expected' } });

/** A modern client. */
export class ModernTalk implements Conversation {
  readonly version = '2026-07-28';
  readonly introduction: Json;
  readonly url: string;
  readonly #capabilities: Json;
  #lastId = 0;

  private constructor(url: string, capabilities: Json, introduction: Json) {
    this.url = url;
    this.#capabilities = capabilities;
    this.introduction = introduction;
  }

  static async open(url: string, capabilities: Json = {}): Promise<ModernTalk> {
    const first = new ModernTalk(url, capabilities, {});
    return new ModernTalk(url, capabilities, resultOf(await first.request('server/discover')));
  }

  /** Runs the rounds of a call until it is over, or the user refuses. */
  async request(method: string, { params = {}, answer = refusesAll, ...more }: Sketch = {}): Promise<Ended> {
    const asked: Asked[] = [];
    const notifications: Json[] = [];
    const rounds: number[] = [];
    let retry: Json = {};
    for (;;) {
      const once = await this.once(method, { ...more, params: { ...params, ...retry } });
      notifications.push(...once.notifications);
      const result = Object(once.message['result']);
      if (result.resultType !== 'input_required') return { ...once, notifications, asked, rounds };
      const requests: Record<string, Asked> = result.inputRequests ?? {};
      rounds.push(Object.keys(requests).length);
      const inputResponses: Json = {};
      for (const [key, { method: name, params: question = {} }] of Object.entries(requests)) {
        asked.push({ method: name, params: question });
        inputResponses[key] = answer(name, question);
      }
      const refused = Object.values(inputResponses).some((given) => Object(given ?? { error: 1 }).error);
      if (refused) return { ...once, notifications, asked, rounds };
      retry = {
        ...(result.inputRequests !== undefined && { inputResponses }),
        ...(result.requestState !== undefined && { requestState: result.requestState }),
      };
    }
  }

  /** One request and its answer, whatever it is. */
  async once(method: string, { params = {}, meta = {}, signal }: Sketch = {}): Promise<Ended> {
    const response = await postModern(this.url, method, {
      id: `m-${++this.#lastId}`,
      params,
      meta: { 'io.modelcontextprotocol/clientCapabilities': this.#capabilities, ...meta },
      ...(signal !== undefined && { signal }),
    });
    const { status, message, notifications } = await readAnswer(response);
    return { status, message, notifications, asked: [], rounds: [] };
  }

  /** Opens a `subscriptions/listen`. */
  async listen(filter: Json): Promise<OpenStream> {
    const response = await postModern(this.url, 'subscriptions/listen', {
      id: 'listen',
      params: { notifications: filter },
      meta: modernMeta({ 'io.modelcontextprotocol/clientCapabilities': this.#capabilities }),
    });
    return new OpenStream(response);
  }

  async close(): Promise<void> {}
}

const HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

/** How a legacy client opens. */
export interface Opening {
  readonly version: string;
  readonly capabilities?: Json;
}

function initializeOf({ version, capabilities = {} }: Opening): Json {
  const clientInfo = { name: 'raw-legacy', version: '1.0.0' };
  return {
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: { protocolVersion: version, capabilities, clientInfo },
  };
}

/** A legacy client over Streamable HTTP. */
export class LegacyTalk implements Conversation {
  readonly version: string;
  readonly introduction: Json;
  readonly url: string;
  readonly #headers: Record<string, string>;
  #lastId = 0;

  private constructor(url: string, introduction: Json, sessionId: string) {
    this.url = url;
    this.introduction = introduction;
    this.version = String(introduction['protocolVersion']);
    this.#headers = { 'mcp-session-id': sessionId };
    if (this.version >= '2025-06-18') this.#headers['mcp-protocol-version'] = this.version;
  }

  static async open(url: string, opening: Opening): Promise<LegacyTalk> {
    const body = JSON.stringify(initializeOf(opening));
    const response = await fetch(url, { method: 'POST', headers: HEADERS, body });
    const { message, headers } = await readAnswer(response);
    if (message['result'] === undefined) throw new TypeError(JSON.stringify(message));
    const talk = new LegacyTalk(url, Object(message['result']), headers.get('mcp-session-id') ?? '');
    await talk.post({ method: 'notifications/initialized' });
    return talk;
  }

  async request(method: string, sketch: Sketch = {}): Promise<Ended> {
    const { params = {}, meta, answer = refusesAll, signal } = sketch;
    const id = `l-${++this.#lastId}`;
    const whole = meta === undefined ? params : { ...params, _meta: meta };
    const response = await this.#send({ id, method, params: whole }, signal);
    if (!(response.headers.get('content-type') ?? '').startsWith('text/event-stream'))
      return { ...(await readAnswer(response)), asked: [], rounds: [] };
    const reader = new EventReader(response);
    return follow(() => reader.next(), { id, answer, reply: (message) => this.post(message) });
  }

  /** The id that the next request will have. */
  get nextId(): string {
    return `l-${this.#lastId + 1}`;
  }

  /** Posts what gets no response. */
  async post(message: Json): Promise<void> {
    const response = await this.#send(message);
    if (response.status !== 202) throw new TypeError(`${response.status}: ${await response.text()}`);
    await response.arrayBuffer();
  }

  /** Opens the GET stream. */
  async listen(): Promise<OpenStream> {
    const headers = { ...this.#headers, accept: 'text/event-stream' };
    const response = await fetch(this.url, { headers });
    if (response.status !== 200) throw new TypeError(`${response.status}: ${await response.text()}`);
    return new OpenStream(response);
  }

  async close(): Promise<void> {
    const response = await fetch(this.url, { method: 'DELETE', headers: this.#headers });
    await response.arrayBuffer();
  }

  #send(message: Json, signal?: AbortSignal): Promise<Response> {
    return fetch(this.url, {
      method: 'POST',
      headers: { ...HEADERS, ...this.#headers },
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
      ...(signal !== undefined && { signal }),
    });
  }
}

/** A client of 2024-11-05 over HTTP+SSE. It makes one request at a time. */
export class SseTalk implements Conversation {
  readonly version = '2024-11-05';
  readonly introduction: Json;
  readonly #reader: EventReader;
  readonly #postUrl: string;
  #lastId = 0;

  private constructor(reader: EventReader, postUrl: string, introduction: Json) {
    this.#reader = reader;
    this.#postUrl = postUrl;
    this.introduction = introduction;
  }

  static async open(url: string, capabilities: Json = {}): Promise<SseTalk> {
    const response = await fetch(url, { headers: { accept: 'text/event-stream' } });
    const reader = new EventReader(response);
    const endpoint = await reader.next();
    if (endpoint?.event !== 'endpoint') throw new TypeError(`no endpoint: ${JSON.stringify(endpoint)}`);
    const postUrl = new URL(endpoint.data, url).href;
    await postTo(postUrl, initializeOf({ version: '2024-11-05', capabilities }));
    const first = await reader.message();
    const talk = new SseTalk(reader, postUrl, Object(first?.message?.['result']));
    await postTo(postUrl, { method: 'notifications/initialized' });
    return talk;
  }

  async request(method: string, { params = {}, meta, answer = refusesAll }: Sketch = {}): Promise<Ended> {
    const id = `s-${++this.#lastId}`;
    const whole = meta === undefined ? params : { ...params, _meta: meta };
    await postTo(this.#postUrl, { id, method, params: whole });
    const reply = (message: Json): Promise<void> => postTo(this.#postUrl, message);
    return follow(() => this.#reader.next(), { id, answer, reply });
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }
}

async function postTo(url: string, message: Json): Promise<void> {
  const body = JSON.stringify({ jsonrpc: '2.0', ...message });
  const response = await fetch(url, { method: 'POST', headers: HEADERS, body });
  await response.arrayBuffer();
  if (response.status !== 202) throw new TypeError(`${response.status} for ${body}`);
}

interface Following {
  readonly id: string;
  readonly answer: Answer;
  readonly reply: (message: Json) => Promise<void>;
}

/** Reads a stream up to the response to one request, and answers what is asked on it. */
async function follow(
  next: () => Promise<ReadEvent | undefined>,
  { id, answer, reply }: Following,
): Promise<Ended> {
  const asked: Asked[] = [];
  const notifications: Json[] = [];
  for (;;) {
    const event = await next();
    if (event === undefined) return { status: 200, message: {}, notifications, asked, rounds: [] };
    const { message } = event;
    if (message === undefined) continue;
    if (message['method'] === undefined) {
      if (message['id'] === id) return { status: 200, message, notifications, asked, rounds: [] };
    } else if (message['id'] === undefined) notifications.push(message);
    else {
      const question = { method: String(message['method']), params: Object(message['params'] ?? {}) };
      asked.push(question);
      const given = answer(question.method, question.params);
      if (given === undefined) continue;
      const outcome = 'error' in given ? given : { result: given };
      await reply({ id: message['id'], ...outcome });
    }
  }
}
