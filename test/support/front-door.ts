/** Clients of both eras as raw HTTP, for tests that look at what stands on the wire. */
import { EventReader } from './event-reader.ts';

export type Json = Record<string, unknown>;

export const MODERN = '2026-07-28';
export const LEGACY = '2025-11-25';

/** What a modern request says beside its method. */
export interface ModernSketch {
  readonly id?: string | number;
  readonly params?: Json;
  /** Joins the envelope: `progressToken`, `io.modelcontextprotocol/logLevel` and the like. */
  readonly meta?: Json;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
  /** In place of `fetch`: for certificates, proxies and names of hosts. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** An answer, read to its end. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  /** The response, with `result` or `error`; empty where the stream ended without one. */
  readonly message: Json;
  /** What came before it on the stream. */
  readonly notifications: readonly Json[];
}

/** The members of a modern request's `_meta`. */
export function modernMeta(more: Json = {}): Json {
  return {
    'io.modelcontextprotocol/protocolVersion': MODERN,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'raw-test', version: '1.0.0' },
    ...more,
  };
}

/** Posts one modern request. The response is not read. */
export function postModern(url: string, method: string, sketch: ModernSketch = {}): Promise<Response> {
  const { id = 1, params = {}, meta = {}, headers = {}, signal } = sketch;
  const name = params['name'] ?? params['uri'] ?? params['taskId'];
  return (sketch.fetch ?? fetch)(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': MODERN,
      'mcp-method': method,
      ...(typeof name === 'string' && { 'mcp-name': name }),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta: modernMeta(meta) } }),
    ...(signal !== undefined && { signal }),
  });
}

/** Posts one modern request and reads the whole answer. */
export async function askModern(url: string, method: string, sketch: ModernSketch = {}): Promise<Answered> {
  return readAnswer(await postModern(url, method, sketch));
}

/** Calls a tool; any error of the protocol fails the test. */
export async function callTool(url: string, name: string, args: Json = {}): Promise<Json> {
  const { message } = await askModern(url, 'tools/call', { params: { name, arguments: args } });
  return resultOf(message);
}

/** Every item of a list, page by page. */
export async function listAll(url: string, method: string, member: string): Promise<Json[]> {
  const items: Json[] = [];
  let params: Json = {};
  for (;;) {
    const result = resultOf((await askModern(url, method, { params })).message);
    items.push(...(result[member] as Json[]));
    if (result['nextCursor'] === undefined) return items;
    params = { cursor: result['nextCursor'] };
  }
}

/** The names of a server's tools, as a modern client sees them. */
export async function toolNames(url: string): Promise<unknown[]> {
  return (await listAll(url, 'tools/list', 'tools')).map(({ name }) => name);
}

/** The result of a response; fails for an error. */
export function resultOf(message: Json): Json {
  if (message['result'] === undefined) throw new TypeError(`no result: ${JSON.stringify(message)}`);
  return message['result'] as Json;
}

/** The error of a response; fails for a result. */
export function errorOf(message: Json): { code: number; message: string; data?: Json } {
  if (message['error'] === undefined) throw new TypeError(`no error: ${JSON.stringify(message)}`);
  return message['error'] as { code: number; message: string; data?: Json };
}

/** Reads an answer to its end, JSON or a stream. */
export async function readAnswer(response: Response): Promise<Answered> {
  const { status, headers } = response;
  const type = headers.get('content-type') ?? '';
  if (!type.startsWith('text/event-stream')) {
    const text = await response.text();
    return { status, headers, message: text === '' ? {} : JSON.parse(text), notifications: [] };
  }
  const messages = await new EventReader(response).rest();
  const isLast = (message: Json): boolean => 'result' in message || 'error' in message;
  return {
    status,
    headers,
    message: messages.find(isLast) ?? {},
    notifications: messages.filter((message) => !isLast(message)),
  };
}

/** A stream that stays open: a modern `subscriptions/listen`, or the GET of a legacy session. */
export class OpenStream {
  readonly messages: Json[] = [];
  /** Resolves when the stream has ended: `closed` by the other side, or `broken`. */
  readonly ended: Promise<'closed' | 'broken'>;
  readonly #reader: EventReader;

  constructor(response: Response) {
    this.#reader = new EventReader(response);
    this.ended = this.#run();
  }

  /** The messages of one method so far. */
  of(method: string): Json[] {
    return this.messages.filter((message) => message['method'] === method);
  }

  async close(): Promise<void> {
    await this.#reader.close().catch(() => undefined);
    await this.ended;
  }

  async #run(): Promise<'closed' | 'broken'> {
    try {
      for (;;) {
        const event = await this.#reader.message();
        if (event === undefined) return 'closed';
        if (event.message !== undefined) this.messages.push(event.message);
      }
    } catch {
      return 'broken';
    }
  }
}

const ALL_LISTS = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };

/** Opens a `subscriptions/listen`; the acknowledgment is the first of its messages. */
export async function listen(
  url: string,
  filter: Json = ALL_LISTS,
  id: string | number = 'listen',
  headers: Record<string, string> = {},
): Promise<OpenStream> {
  const params = { notifications: filter };
  const response = await postModern(url, 'subscriptions/listen', { id, params, headers });
  if (response.status !== 200) throw new TypeError(`${response.status}: ${await response.text()}`);
  return new OpenStream(response);
}

/** A legacy session over Streamable HTTP. */
export class LegacySession {
  readonly url: string;
  /** Its `Mcp-Session-Id`. */
  readonly id: string;
  /** The InitializeResult. */
  readonly initialized: Json;
  /** Headers beside those of the session. */
  readonly #own: Record<string, string>;
  #lastId = 0;

  private constructor(
    url: string,
    { id, initialized, headers }: { id: string; initialized: Json; headers: Record<string, string> },
  ) {
    this.url = url;
    this.id = id;
    this.initialized = initialized;
    this.#own = headers;
  }

  static async open(
    url: string,
    capabilities: Json = {},
    version = LEGACY,
    own: Record<string, string> = {},
  ): Promise<LegacySession> {
    const params = {
      protocolVersion: version,
      capabilities,
      clientInfo: { name: 'raw-test', version: '1.0.0' },
    };
    const response = await post(url, { jsonrpc: '2.0', id: 0, method: 'initialize', params }, own);
    const { message, headers } = await readAnswer(response);
    const id = headers.get('mcp-session-id') ?? '';
    const session = new LegacySession(url, { id, initialized: resultOf(message), headers: own });
    await session.notify('notifications/initialized');
    return session;
  }

  /** Posts one request. The response is not read. */
  post(method: string, params: Json = {}, signal?: AbortSignal): Promise<Response> {
    this.#lastId += 1;
    return this.send({ id: this.#lastId, method, params }, signal);
  }

  /** Posts any message: a request with an id of the test's own, or an answer. The response is not read. */
  send(message: Json, signal?: AbortSignal): Promise<Response> {
    return post(this.url, { jsonrpc: '2.0', ...message }, this.#headers(), signal);
  }

  async ask(method: string, params: Json = {}): Promise<Answered> {
    return readAnswer(await this.post(method, params));
  }

  async notify(method: string, params?: Json): Promise<number> {
    const response = await this.send({ method, params });
    await response.arrayBuffer();
    return response.status;
  }

  /** Asks for the GET stream, or for another one from an event on. The response is not read. */
  get({ lastEventId, signal }: { lastEventId?: string; signal?: AbortSignal } = {}): Promise<Response> {
    const last = lastEventId !== undefined && { 'last-event-id': lastEventId };
    const headers = { ...this.#headers(), accept: 'text/event-stream', ...last };
    return fetch(this.url, { headers, ...(signal !== undefined && { signal }) });
  }

  /** Opens the GET stream. */
  async listen(): Promise<OpenStream> {
    const response = await this.get();
    if (response.status !== 200) throw new TypeError(`${response.status}: ${await response.text()}`);
    return new OpenStream(response);
  }

  async delete(): Promise<number> {
    const response = await fetch(this.url, { method: 'DELETE', headers: this.#headers() });
    await response.arrayBuffer();
    return response.status;
  }

  #headers(): Record<string, string> {
    const version = String(this.initialized['protocolVersion']);
    return { 'mcp-session-id': this.id, 'mcp-protocol-version': version, ...this.#own };
  }
}

function post(
  url: string,
  message: Json,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify(message),
    ...(signal !== undefined && { signal }),
  });
}
