/** A modern MCP server over HTTP that does what a test says, raw on the wire. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { ServerOptions } from 'node:https';
import { event, openStream, sendJson, startHttpUpstream } from './http-upstream.ts';

type Json = Record<string, unknown>;

/** One request as a method of the script sees it. */
export interface Turn {
  readonly id: unknown;
  readonly method: string;
  readonly params: Json;
  readonly headers: IncomingHttpHeaders;
  readonly response: ServerResponse;
  /** Aborts when the client hangs up before the answer is whole. */
  readonly gone: AbortSignal;
  /** Sends a notification of this request; the answer is then a stream. */
  notify(method: string, params: Json): boolean;
  /** Resolves when the client has taken what was sent, or has hung up. */
  drained(): Promise<void>;
}

/** Gives the result, or ANSWERED where it answered by itself. Throw a `Fault` for a JSON-RPC error. */
export type Method = (turn: Turn) => unknown;

/** The method has answered, or never will. */
export const ANSWERED = Symbol('answered');

/** A JSON-RPC error of the server. */
export class Fault extends Error {
  readonly code: number;
  readonly data: unknown;
  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

export interface ScriptedOptions {
  readonly name?: string;
  /** By method. They win over what the server does by itself. */
  readonly methods?: Readonly<Record<string, Method>>;
  /** By name. Each is in the list with an empty schema, unless `tools/list` is scripted. */
  readonly tools?: Readonly<Record<string, Method>>;
  readonly capabilities?: Json;
  readonly tls?: ServerOptions;
}

export interface ScriptedServer {
  readonly url: string;
  /** What has come in: messages with the headers that they came with. */
  readonly received: readonly { readonly message: Json; readonly headers: IncomingHttpHeaders }[];
  /** The tools; a test may add and remove some. */
  readonly tools: Record<string, Method>;
  /** Requests of one method so far. */
  requests(method: string): Json[];
  /** How many listens are open. */
  listens(): number;
  /** Sends a notification to each listen that asked for it. */
  announce(change: 'tools' | 'prompts' | 'resources' | { readonly uri: string; readonly more?: Json }): void;
  close(): Promise<void>;
}

interface Listen {
  readonly id: unknown;
  readonly filter: Json;
  readonly response: ServerResponse;
}

const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
const NOT_KEPT = { ttlMs: 0, cacheScope: 'private' };

/** A tool's result of one text. */
export function text(value: string): Json {
  return { content: [{ type: 'text', text: value }] };
}

/** Starts the server on loopback. */
export async function startScripted(options: ScriptedOptions = {}): Promise<ScriptedServer> {
  const tools: Record<string, Method> = { ...options.tools };
  const received: { readonly message: Json; readonly headers: IncomingHttpHeaders }[] = [];
  const listens = new Set<Listen>();
  const methods = { ...ownMethods(options, tools, listens), ...options.methods };

  const http = await startHttpUpstream(({ body, headers, req, res }) => {
    if (req.method !== 'POST') {
      res.writeHead(405).end();
      return;
    }
    const message: Json = JSON.parse(body);
    received.push({ message, headers });
    if (message['id'] === undefined) res.writeHead(202).end();
    else void answer(methods, { message, headers, response: res });
  }, options.tls);

  return {
    url: http.url.href,
    received,
    tools,
    requests: (method) =>
      received.filter(({ message }) => message['method'] === method).map(({ message }) => message),
    listens: () => listens.size,
    announce(change) {
      for (const listen of listens) announceTo(listen, change);
    },
    close: () => http.close(),
  };
}

interface Request {
  readonly message: Json;
  readonly headers: IncomingHttpHeaders;
  readonly response: ServerResponse;
}

async function answer(methods: Record<string, Method>, request: Request): Promise<void> {
  const { message, headers, response } = request;
  const { id } = message;
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  const respond = (outcome: Json): void => {
    const whole = { jsonrpc: '2.0', id, ...outcome };
    if (response.headersSent) response.end(event(whole));
    else sendJson(response, whole, 'error' in outcome ? statusOf(outcome['error']) : 200);
  };
  const turn: Turn = {
    id,
    method: String(message['method']),
    params: (message['params'] ?? {}) as Json,
    headers,
    response,
    gone: gone.signal,
    notify: (method, params) => {
      if (!response.headersSent) openStream(response);
      return response.write(event({ jsonrpc: '2.0', method, params }));
    },
    drained: () =>
      new Promise((resolve) => {
        response.once('drain', resolve);
        gone.signal.addEventListener('abort', () => resolve(), { once: true });
      }),
  };
  try {
    const method = methods[turn.method];
    if (method === undefined) throw new Fault(-32_601, 'Method not found');
    const result = await method(turn);
    if (result !== ANSWERED) respond({ result: { resultType: 'complete', ...Object(result) } });
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    const { code, message: said, data } = thrown;
    respond({ error: { code, message: said, ...(data !== undefined && { data }) } });
  }
}

function statusOf(error: unknown): number {
  return Object(error).code === -32_601 ? 404 : 200;
}

function ownMethods(
  options: ScriptedOptions,
  tools: Record<string, Method>,
  listens: Set<Listen>,
): Record<string, Method> {
  const list = { listChanged: true };
  const { name = 'scripted', capabilities = { tools: list, prompts: list, resources: list } } = options;
  return {
    'server/discover': () => ({
      supportedVersions: ['2026-07-28'],
      capabilities,
      ...NOT_KEPT,
      _meta: { 'io.modelcontextprotocol/serverInfo': { name, version: '1.0.0' } },
    }),
    'tools/list': () => ({
      tools: Object.keys(tools).map((tool) => ({ name: tool, inputSchema: { type: 'object' } })),
      ...NOT_KEPT,
    }),
    'tools/call': (turn) => {
      const tool = tools[String(turn.params['name'])];
      if (tool === undefined) throw new Fault(-32_602, 'Unknown tool');
      return tool(turn);
    },
    'prompts/list': () => ({ prompts: [], ...NOT_KEPT }),
    'resources/list': () => ({ resources: [], ...NOT_KEPT }),
    'resources/templates/list': () => ({ resourceTemplates: [], ...NOT_KEPT }),
    'subscriptions/listen': ({ id, params, response }) => {
      const filter = Object(params['notifications']);
      const one: Listen = { id, filter, response };
      openStream(response).write(
        event({
          jsonrpc: '2.0',
          method: 'notifications/subscriptions/acknowledged',
          params: { notifications: filter, _meta: { [SUBSCRIPTION]: id } },
        }),
      );
      listens.add(one);
      response.once('close', () => listens.delete(one));
      return ANSWERED;
    },
  };
}

function announceTo(
  { id, filter, response }: Listen,
  change: Parameters<ScriptedServer['announce']>[0],
): void {
  const _meta = { [SUBSCRIPTION]: id };
  if (typeof change === 'string') {
    if (filter[`${change}ListChanged`] !== true) return;
    const method = `notifications/${change}/list_changed`;
    response.write(event({ jsonrpc: '2.0', method, params: { _meta } }));
    return;
  }
  const uris: unknown = filter['resourceSubscriptions'];
  if (!Array.isArray(uris) || !uris.includes(change.uri)) return;
  const params = { ...change.more, uri: change.uri, _meta };
  response.write(event({ jsonrpc: '2.0', method: 'notifications/resources/updated', params }));
}
