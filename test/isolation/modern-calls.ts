/** What a modern client does, with equal ids, tokens and names whoever it is. */
import { errorOf, type Json, modernMeta, OpenStream, readAnswer, resultOf } from '../support/front-door.ts';
import type { Caller } from './caller.ts';
import { uriOf } from './scene.ts';

/** One thing that a caller does. Its index is the same for both callers, and so is everything made of it. */
export type Act = (caller: Caller, index: number, other: Caller) => Promise<void>;

/** What each has that the other must not be able to use. */
const states = new Map<Caller, Json>();
const cursors = new Map<Caller, string>();
const pids = new Map<Caller, Set<string>>();

const pathOf = (server: string): string => (server === 'all' ? '/mcp' : `/servers/${server}/mcp`);

async function ask(
  caller: Caller,
  {
    server,
    method,
    id,
    params,
    meta = {},
  }: { server: string; method: string; id: number; params: Json; meta?: Json },
) {
  caller.calls++;
  const name = params['name'] ?? params['uri'];
  const message = { jsonrpc: '2.0', id, method, params: { ...params, _meta: modernMeta(meta) } };
  const headers = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(typeof name === 'string' && { 'mcp-name': name }),
  };
  const answered = await readAnswer(await caller.post(pathOf(server), message, headers));
  caller.expect(
    answered.message['id'] === id,
    `${method} ${id} was answered as ${String(answered.message['id'])}`,
  );
  return answered;
}

/** A tool call whose answer holds the caller's marker. */
async function callOwn(caller: Caller, server: string, name: string, index: number): Promise<void> {
  const args = { marker: caller.marker, message: caller.marker, index };
  const params = { name, arguments: args };
  const { message } = await ask(caller, { server, method: 'tools/call', id: index, params });
  const said = JSON.stringify(resultOf(message));
  caller.expect(
    said.includes(caller.marker) && said.includes(String(index)),
    `${name} ${index} gave ${said}`,
  );
}

const progress: Act = async (caller, index) => {
  const params = { name: 'progress', arguments: { marker: caller.marker } };
  const meta = { progressToken: index };
  const { message, notifications } = await ask(caller, {
    server: 'modern',
    method: 'tools/call',
    id: index,
    params,
    meta,
  });
  resultOf(message);
  const own = notifications.every((one) => {
    const given = Object(one['params']);
    return given.progressToken === index && given.message === caller.marker;
  });
  caller.expect(own && notifications.length === 2, `progress ${index} was ${JSON.stringify(notifications)}`);
};

/** Two rounds; between them the other tries the state, with all else equal. */
function interactive(server: string, name: string): Act {
  return async (caller, index, other) => {
    const common = { server, method: 'tools/call', id: index };
    const meta = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } } };
    const given = { name, arguments: { marker: caller.marker, message: caller.marker } };
    const first = resultOf((await ask(caller, { ...common, params: given, meta })).message);
    caller.expect(first['resultType'] === 'input_required', `${name} did not ask: ${JSON.stringify(first)}`);
    const [key = ''] = Object.keys(Object(first['inputRequests']));
    const inputResponses = { [key]: { action: 'accept', content: { response: caller.marker } } };
    const retry = { ...given, requestState: first['requestState'], inputResponses };
    states.set(caller, { ...common, params: retry, meta });
    const foreign = states.get(other);
    if (foreign !== undefined && index % 4 === 0) {
      const params = { ...(foreign['params'] as Json), arguments: given.arguments };
      const stolen = await ask(caller, { ...common, server: String(foreign['server']), params, meta });
      caller.expect(
        'error' in stolen.message,
        `the state of another was taken: ${JSON.stringify(stolen.message)}`,
      );
    }
    const last = JSON.stringify(resultOf((await ask(caller, { ...common, params: retry, meta })).message));
    caller.expect(last.includes(caller.marker), `${name} ${index} ended in ${last}`);
  };
}

const read: Act = async (caller, index) => {
  const uri = `${uriOf(caller.marker)}/${index % 20}`;
  const { message } = await ask(caller, {
    server: 'modern',
    method: 'resources/read',
    id: index,
    params: { uri },
  });
  caller.expect(JSON.stringify(resultOf(message)).includes(uri), `the resource ${uri} was another`);
};

/** The second page, with the own cursor and with that of the other. */
const page: Act = async (caller, index, other) => {
  const common = { server: 'pages', method: 'tools/list', id: index };
  const first = resultOf((await ask(caller, { ...common, params: {} })).message);
  const cursor = String(first['nextCursor']);
  cursors.set(caller, cursor);
  const foreign = cursors.get(other);
  if (foreign !== undefined) {
    const stolen = await ask(caller, { ...common, params: { cursor: foreign } });
    caller.expect(errorOf(stolen.message).code === -32_602, 'the cursor of another was taken');
  }
  const second = resultOf((await ask(caller, { ...common, params: { cursor } })).message);
  caller.expect(Array.isArray(second['tools']) && second['tools'].length > 0, 'the second page is empty');
};

/** The process of a stateful server is one caller's. */
const process: Act = async (caller, index, other) => {
  const params = { name: 'pid', arguments: {} };
  const { message } = await ask(caller, { server: 'process', method: 'tools/call', id: index, params });
  notePid(caller, other, message);
};

/** Notes whose process answered. */
export function notePid(caller: Caller, other: Caller, message: Json): void {
  const { content } = resultOf(message) as { content: { text: string }[] };
  const pid = content[0]?.text ?? '';
  pids.set(caller, (pids.get(caller) ?? new Set()).add(pid));
  caller.expect(pid !== '' && pids.get(other)?.has(pid) !== true, `the process ${pid} served both`);
}

/** What modern clients do, the cheap ones more often. */
export const MODERN_ACTS: readonly Act[] = [
  (caller, index) => callOwn(caller, 'modern', 'echo', index),
  (caller, index) => callOwn(caller, 'all', 'modern__echo', index),
  progress,
  interactive('modern', 'ask'),
  (caller, index) => callOwn(caller, 'legacy', 'echo', index),
  interactive('legacy', 'test_elicitation'),
  read,
  (caller, index) => callOwn(caller, 'all', 'legacy__echo', index),
  process,
];

/** Costs much: a thousand tools are listed. */
export const PAGE: Act = page;

/** Listens for changes of the caller's own resource, by an id that both use. */
export async function listenModern(caller: Caller): Promise<OpenStream> {
  const method = 'subscriptions/listen';
  const params = {
    notifications: { toolsListChanged: true, resourceSubscriptions: [uriOf(caller.marker)] },
    _meta: modernMeta(),
  };
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method };
  const message = { jsonrpc: '2.0', id: 'listen', method, params };
  return new OpenStream(await caller.post(pathOf('modern'), message, headers));
}
