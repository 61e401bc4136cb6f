import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ANYBODY, LOCAL } from '../../src/auth/local-caller.ts';
import type { Call, Inbound, Outcome } from '../../src/call.ts';
import { createLegacyDoor } from '../../src/doors/legacy/legacy.ts';
import { createSseDoor, type SseDoorOptions } from '../../src/doors/legacy/legacy-sse.ts';
import { SessionMail } from '../../src/doors/legacy/session-mail.ts';
import { Ticker } from '../../src/doors/ticker.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { JsonText } from '../../src/lib/json-text.ts';
import { createSeal, type Seal } from '../../src/lib/seal.ts';
import { createConnectionIds } from '../../src/session/connection-ids.ts';
import { createQuestionIds } from '../../src/session/question-ids.ts';
import { createSessionIds } from '../../src/session/session-id.ts';
import { createSessionRows } from '../../src/session/sessions.ts';
import { createStreamLog } from '../../src/session/stream-log.ts';
import { openTestReplicas, type TestReplica } from './test-replicas.ts';

/** What a scripted inside does with a call. */
export type Script = (call: Call, inbound: Inbound) => Outcome | Promise<Outcome>;

const SERVER_INFO = { name: 'scripted', version: '1.2.3' };

export function complete(result: object): Outcome {
  return { kind: 'complete', result: JsonText.of({ resultType: 'complete', ...result }) };
}

/** Capabilities and instructions of the scripted server. */
export const DISCOVERED = {
  supportedVersions: ['2026-07-28'],
  capabilities: {
    tools: { listChanged: true },
    prompts: {},
    resources: { subscribe: true, listChanged: true },
    logging: {},
    completions: {},
  },
  instructions: 'Be brief.',
  ttlMs: 1000,
  cacheScope: 'private',
  _meta: { 'io.modelcontextprotocol/serverInfo': SERVER_INFO },
};

/** One open `subscriptions/listen` of the scripted inside. */
export interface ScriptedListen {
  readonly call: Call;
  /** The filter asked for. */
  readonly filter: Record<string, unknown>;
  /** Sends a notification with the subscription's id. */
  send(method: string, params?: object): void;
  /** Ends the listen from the inside. */
  end(): void;
}

export interface DoorUnderTest {
  readonly url: string;
  readonly sseUrl: string;
  /** Every call that came, listens included. */
  readonly calls: Inbound[];
  /** The listens that are open. */
  readonly listens: Set<ScriptedListen>;
  drain(): void;
  /** Closes the doors, but not the server under them. */
  closeDoors(): void;
  close(): Promise<void>;
}

export interface DoorTestOptions extends Partial<SseDoorOptions> {
  /** The replica that the doors belong to; one of its own by default. */
  readonly replica?: TestReplica;
  readonly seal?: Seal;
  /** Answers calls beside discover and listen. */
  readonly script?: Script;
  /** URIs that a listen acknowledges. */
  readonly subscribable?: (uri: string) => boolean;
  readonly discovered?: object;
}

/** A real HTTP server with the legacy doors in front of a scripted inside. */
export async function startLegacyDoor(options: DoorTestOptions = {}): Promise<DoorUnderTest> {
  const calls: Inbound[] = [];
  const listens = new Set<ScriptedListen>();
  const { script = () => complete({}), subscribable = () => true, discovered = DISCOVERED } = options;
  const handle = async (inbound: Inbound): Promise<Outcome> => {
    calls.push(inbound);
    const { call } = inbound;
    if (call.method === 'server/discover')
      return { ...complete(discovered), principal: inbound.principal ?? LOCAL };
    if (call.method === 'subscriptions/listen') return listen(call, listens, subscribable);
    return script(call, inbound);
  };
  const now = () => Date.now();
  const own = options.replica === undefined ? await openTestReplicas() : undefined;
  const fleet = options.replica ?? (await own?.join('one'));
  if (fleet === undefined) throw new TypeError('There is always a replica.');
  const seal = options.seal ?? createSeal(randomBytes(32));
  const rows = createSessionRows({
    sessions: fleet.store.sessions,
    feed: fleet.feed,
    clock: systemClock,
    maxCached: 1000,
  });
  const ticker = new Ticker({ intervalMs: 100, clock: () => performance.now() });
  const given: SseDoorOptions = {
    handle,
    fleet,
    post: fleet.post,
    mail: new SessionMail({ post: fleet.post, membership: fleet.membership, clock: systemClock }),
    questionIds: createQuestionIds(seal),
    connectionIds: createConnectionIds(seal),
    streams: createStreamLog({
      streams: fleet.store.streams,
      seal,
      maxBytes: 10_000_000,
      maxAgeMs: 60_000,
    }),
    callers: ANYBODY,
    rows,
    ids: createSessionIds({ seal, rows, now, ttlMs: 86_400_000 }),
    clock: systemClock,
    ticker,
    maxSessions: 1000,
    maxStreamsPerSession: 4,
    maxQueuedBytesPerStream: 1_000_000,
    ...options,
  };
  const door = createLegacyDoor(given);
  const sse = createSseDoor(given);
  const server = createServer((request, response) => void route({ request, response, door, sse }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    sseUrl: `http://127.0.0.1:${port}/sse`,
    calls,
    listens,
    drain: () => {
      door.drain();
      sse.drain();
    },
    closeDoors: () => {
      void door.close();
      void sse.close();
    },
    close: async () => {
      await Promise.all([door.close(), sse.close()]);
      ticker.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await own?.close();
    },
  };
}

interface Routed {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly door: ReturnType<typeof createLegacyDoor>;
  readonly sse: ReturnType<typeof createSseDoor>;
}

async function route({ request, response, door, sse }: Routed): Promise<void> {
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const server = path.startsWith('/other') ? 'other' : 'all';
  const exchange = {
    request,
    response,
    server,
    path,
    query,
    baseUrl: 'http://127.0.0.1',
    remoteAddress: '127.0.0.1',
  };
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const isSse = path.startsWith('/sse');
  if (request.method === 'GET') await (isSse ? sse.open(exchange) : door.get(exchange));
  else if (request.method === 'DELETE') await door.delete(exchange);
  else {
    const post = { ...exchange, body: JsonText.parse(Buffer.concat(chunks)) };
    await (isSse ? sse.post(post) : door.post(post));
  }
}

function listen(
  call: Call,
  listens: Set<ScriptedListen>,
  subscribable: (uri: string) => boolean,
): Promise<Outcome> {
  const ended = Promise.withResolvers<Outcome>();
  const filter = call.message.at('params', 'notifications')?.value() as Record<string, unknown>;
  const send = (method: string, params: object = {}) => {
    const _meta = { 'io.modelcontextprotocol/subscriptionId': JSON.parse(call.id) };
    void call.notify(JsonText.of({ jsonrpc: '2.0', method, params: { _meta, ...params } }));
  };
  const open: ScriptedListen = {
    call,
    filter,
    send,
    end: () => {
      listens.delete(open);
      ended.resolve(complete({}));
    },
  };
  listens.add(open);
  call.signal.addEventListener('abort', () => open.end());
  const uris = (filter['resourceSubscriptions'] ?? []) as string[];
  const acknowledged = { ...filter, resourceSubscriptions: uris.filter(subscribable) };
  setImmediate(() => send('notifications/subscriptions/acknowledged', { notifications: acknowledged }));
  return ended.promise;
}

/** A session of a client that speaks raw HTTP. */
export interface RawSession {
  readonly id: string;
  readonly result: Record<string, unknown>;
  post(message: unknown, headers?: Record<string, string>): Promise<Response>;
  get(headers?: Record<string, string>): Promise<Response>;
  delete(headers?: Record<string, string>): Promise<Response>;
}

export const BOTH = 'application/json, text/event-stream';

/** Opens a session by `initialize`. */
export async function openSession(
  url: string,
  version = '2025-11-25',
  capabilities: object = {},
): Promise<RawSession> {
  const params = { protocolVersion: version, capabilities, clientInfo: { name: 'raw', version: '1' } };
  const response = await postRaw(url, { jsonrpc: '2.0', id: 0, method: 'initialize', params });
  const id = response.headers.get('mcp-session-id') ?? '';
  const body = (await response.json()) as { result: Record<string, unknown> };
  const own = { 'mcp-session-id': id };
  return {
    id,
    result: body.result,
    post: (message, headers) => postRaw(url, message, { ...own, ...headers }),
    get: (headers) => fetch(url, { headers: { accept: 'text/event-stream', ...own, ...headers } }),
    delete: (headers) => fetch(url, { method: 'DELETE', headers: { ...own, ...headers } }),
  };
}

export function postRaw(
  url: string,
  message: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: BOTH, ...headers },
    body: typeof message === 'string' ? message : JSON.stringify(message),
  });
}
