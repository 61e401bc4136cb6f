/** What a legacy client does, over Streamable HTTP and HTTP+SSE, with equal ids whoever it is. */
import { setTimeout as wait } from 'node:timers/promises';
import { EventReader } from '../support/event-reader.ts';
import { type Json, LEGACY, OpenStream, readAnswer, resultOf } from '../support/front-door.ts';
import type { Caller } from './caller.ts';
import { type Act, notePid } from './modern-calls.ts';
import { uriOf } from './scene.ts';

/** A session of one caller at one server. */
export interface Talk {
  readonly server: string;
  readonly headers: Record<string, string>;
}

const CAPABILITIES = { elicitation: {} };
const sessions = new Map<string, Talk>();
/** The question that each was asked last, by its id. */
const questions = new Map<Caller, unknown>();

const pathOf = (server: string): string => `/servers/${server}/mcp`;

/** Opens a session at a server, for every act of the caller there. */
export async function openTalk(caller: Caller, server: string): Promise<Talk> {
  const params = {
    protocolVersion: LEGACY,
    capabilities: CAPABILITIES,
    clientInfo: { name: 'isolation', version: '1' },
  };
  const opened = await caller.post(pathOf(server), { jsonrpc: '2.0', id: 0, method: 'initialize', params });
  resultOf((await readAnswer(opened)).message);
  const id = opened.headers.get('mcp-session-id') ?? '';
  caller.own.add(id);
  const talk = { server, headers: { 'mcp-session-id': id, 'mcp-protocol-version': LEGACY } };
  sessions.set(`${caller.name} ${server}`, talk);
  await say(caller, talk, { jsonrpc: '2.0', method: 'notifications/initialized' });
  return talk;
}

async function say(caller: Caller, talk: Talk, message: Json): Promise<number> {
  const response = await caller.post(pathOf(talk.server), message, talk.headers);
  await response.arrayBuffer();
  return response.status;
}

function talkOf(caller: Caller, server: string): Talk {
  const talk = sessions.get(`${caller.name} ${server}`);
  if (talk === undefined) throw new TypeError(`${caller.name} has no session at ${server}`);
  return talk;
}

/** Makes one request, and answers what is asked meanwhile with the caller's marker. Gives its response. */
async function request(
  caller: Caller,
  server: string,
  sketch: { id: number; method: string; params?: Json },
) {
  caller.calls++;
  const talk = talkOf(caller, server);
  const response = await caller.post(pathOf(server), { jsonrpc: '2.0', ...sketch }, talk.headers);
  if (!(response.headers.get('content-type') ?? '').startsWith('text/event-stream')) {
    return (await readAnswer(response)).message;
  }
  const reader = new EventReader(response);
  for (;;) {
    const event = await reader.message();
    if (event?.message === undefined) throw new TypeError('the stream ended without a response');
    const { message } = event;
    if (message['id'] === sketch.id && message['method'] === undefined) return message;
    if (message['id'] === undefined) continue;
    caller.expect(JSON.stringify(message).includes(caller.marker), `was asked ${JSON.stringify(message)}`);
    questions.set(caller, message['id']);
    const result = { action: 'accept', content: { response: caller.marker } };
    caller.expect((await say(caller, talk, { jsonrpc: '2.0', id: message['id'], result })) === 202, 'no 202');
  }
}

function callOwn(server: string, name: string): Act {
  return async (caller, index) => {
    const args = { marker: caller.marker, message: caller.marker, index };
    const params = { name, arguments: args, _meta: { progressToken: index } };
    const message = await request(caller, server, { id: index, method: 'tools/call', params });
    const said = JSON.stringify(resultOf(message));
    caller.expect(message['id'] === index && said.includes(caller.marker), `${name} ${index} gave ${said}`);
  };
}

const ping: Act = async (caller, index) => {
  resultOf(await request(caller, 'modern', { id: index, method: 'ping' }));
};

const process: Act = async (caller, index, other) => {
  const params = { name: 'pid', arguments: {} };
  notePid(caller, other, await request(caller, 'process', { id: index, method: 'tools/call', params }));
};

/** Whatever the other's session is tried with, it does not exist. */
const trespass: Act = async (caller, index, other) => {
  const { server, headers } = talkOf(other, index % 2 === 0 ? 'modern' : 'legacy');
  const path = pathOf(server);
  const answer = { jsonrpc: '2.0', id: questions.get(other) ?? 'x', result: { action: 'decline' } };
  const tries = [
    () => caller.post(path, { jsonrpc: '2.0', id: index, method: 'tools/list' }, headers),
    () => caller.post(path, { jsonrpc: '2.0', id: index, method: 'ping' }, headers),
    () =>
      caller.post(
        path,
        { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: index } },
        headers,
      ),
    () => caller.post(path, answer, headers),
    () => caller.fetch(path, { headers: { ...headers, accept: 'text/event-stream' } }),
    () =>
      caller.fetch(path, { headers: { ...headers, accept: 'text/event-stream', 'last-event-id': '1-1' } }),
    () => caller.fetch(path, { method: 'DELETE', headers }),
  ];
  for (const [number, attempt] of tries.entries()) {
    caller.calls++;
    const { status, body } = await attempt();
    caller.expect(status === 404, `trespass ${number} was answered ${status}`);
    await body?.cancel();
  }
};

/** In its own session, a caller answers what the other was asked: nothing comes of it. */
const confuse: Act = async (caller, _, other) => {
  caller.calls++;
  const answer = { jsonrpc: '2.0', id: questions.get(other) ?? 'x', result: { action: 'decline' } };
  const status = await say(caller, talkOf(caller, 'modern'), answer);
  caller.expect(status === 202, `an answer to nobody was answered ${status}`);
};

/** Of two calls with one id, one is cancelled by its caller; that of the other goes on. */
const cancel: Act = async (caller, index, other) => {
  if ((index % 2 === 0) !== caller.name < other.name) return callOwn('modern', 'slow')(caller, index, other);
  caller.calls++;
  const talk = talkOf(caller, 'modern');
  const params = { name: 'slow', arguments: { marker: caller.marker } };
  const call = { jsonrpc: '2.0', id: index, method: 'tools/call', params };
  const answering = caller.post(pathOf('modern'), call, talk.headers);
  await wait(5);
  const reason = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: index } };
  caller.expect((await say(caller, talk, reason)) === 202, 'a cancellation is not taken with 202');
  await (await answering).body?.cancel();
};

/** What legacy clients do. */
export const LEGACY_ACTS: readonly Act[] = [
  callOwn('modern', 'echo'),
  callOwn('modern', 'progress'),
  callOwn('modern', 'ask'),
  callOwn('legacy', 'echo'),
  callOwn('legacy', 'test_elicitation'),
  ping,
  process,
  confuse,
  cancel,
];

/** Costs much: seven requests. */
export const TRESPASS: Act = trespass;

/** The servers at which a caller has a session. */
export const TALKS: readonly string[] = ['modern', 'legacy', 'process'];

/** Subscribes to the caller's own resource, and opens the stream on which changes come. */
export async function listenLegacy(caller: Caller): Promise<OpenStream> {
  const { server, headers } = talkOf(caller, 'modern');
  const stream = await caller.fetch(pathOf(server), { headers: { ...headers, accept: 'text/event-stream' } });
  const params = { uri: uriOf(caller.marker) };
  resultOf(await request(caller, server, { id: 1, method: 'resources/subscribe', params }));
  return new OpenStream(stream);
}

/** A client of HTTP+SSE: its stream, and a way to call by ids that both use. */
export class SseTalk {
  readonly #caller: Caller;
  readonly #endpoint: string;
  readonly #stream: OpenStream;

  private constructor(caller: Caller, endpoint: string, stream: OpenStream) {
    this.#caller = caller;
    this.#endpoint = endpoint;
    this.#stream = stream;
  }

  static async open(caller: Caller): Promise<SseTalk> {
    const response = await caller.fetch('/servers/modern/sse', { headers: { accept: 'text/event-stream' } });
    const [mine, theirs] = response.body?.tee() ?? [];
    const first = new EventReader(new Response(mine));
    const endpoint = (await first.next())?.data ?? '';
    void first.close();
    caller.own.add(new URLSearchParams(endpoint.split('?')[1]).get('sessionId') ?? endpoint);
    const stream = new OpenStream(new Response(theirs));
    const talk = new SseTalk(caller, endpoint, stream);
    const params = {
      protocolVersion: '2024-11-05',
      capabilities: {},
      clientInfo: { name: 'i', version: '1' },
    };
    await talk.ask({ id: 0, method: 'initialize', params });
    return talk;
  }

  /** The response, which comes on the stream. */
  async ask(sketch: { id: number; method: string; params?: Json }): Promise<Json> {
    this.#caller.calls++;
    const posted = await this.#caller.post(this.#endpoint, { jsonrpc: '2.0', ...sketch });
    this.#caller.expect(posted.status === 202, `HTTP+SSE answered ${posted.status}`);
    await posted.body?.cancel();
    for (;;) {
      const found = this.#stream.messages.find((message) => message['id'] === sketch.id);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  async echo(index: number): Promise<void> {
    const { marker } = this.#caller;
    const params = { name: 'echo', arguments: { marker } };
    const said = JSON.stringify(resultOf(await this.ask({ id: index, method: 'tools/call', params })));
    this.#caller.expect(said.includes(marker), `HTTP+SSE gave ${said}`);
  }

  close(): Promise<void> {
    return this.#stream.close();
  }
}
