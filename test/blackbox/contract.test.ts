import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startLegacyHttp } from '../fixtures/servers/legacy-http.ts';
import { startModernHttp } from '../fixtures/servers/modern-http.ts';
import { definitionOf, faultsOfSent, type Revision, type Sent } from '../support/contract.ts';
import { askModern, type Json, LegacySession, listen } from '../support/front-door.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { closedPort } from '../support/http-upstream.ts';
import { notedHashes, schemaPath } from '../support/schemas.ts';
import { VOUCHED } from '../support/vouched.ts';
import { startWireTap, type TappedExchange, type WireTap } from '../support/wire-tap.ts';
import { httpV1, httpV2, openV1, openV2, type Peer } from './clients/peer.ts';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');
const ends: (() => Promise<unknown>)[] = [];

let folder: string;
let gateway: RunningGateway;
/** Between clients and the gateway, and between the gateway and each upstream over HTTP. */
let front: WireTap;
let behind: { readonly modern: WireTap; readonly legacy: WireTap };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateward-contract-'));
  const [modern, legacy] = await Promise.all([startModernHttp(), startLegacyHttp()]);
  behind = { modern: await startWireTap(modern.url), legacy: await startWireTap(legacy.url) };
  const stdio = (name: string): Json => ({
    command: process.execPath,
    args: [
      join(FIXTURES, 'stdio', 'tap.js'),
      join(folder, name),
      process.execPath,
      join(FIXTURES, 'servers', `${name}-stdio.ts`),
    ],
  });
  gateway = await startGateway({
    configText: JSON.stringify({
      listen: { port: 0 },
      launch: VOUCHED,
      upstreams: {
        modern: { url: `${behind.modern.origin}/mcp` },
        legacy: { url: `${behind.legacy.origin}/mcp` },
        'modern-stdio': stdio('modern'),
        'legacy-stdio': stdio('legacy'),
        gone: { url: `http://127.0.0.1:${await closedPort()}/mcp` },
      },
    }),
  });
  front = await startWireTap(gateway.url);
  ends.push(
    () => modern.stop(),
    () => legacy.stop(),
    () => behind.modern.close(),
    () => behind.legacy.close(),
    () => gateway.stop(),
    () => front.close(),
  );
  await talk();
}, 90_000);
afterAll(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await rm(folder, { recursive: true, force: true });
});

const at = (server: string): string => `${front.origin}/servers/${server}/mcp`;
const SERVERS = ['modern', 'legacy', 'modern-stdio', 'legacy-stdio'];

/** Has clients of both eras do with servers of both eras what can be done, right and wrong. */
async function talk(): Promise<void> {
  for (const open of [
    (url: string) => openV1(httpV1(url)),
    (url: string) => openV2(httpV2(url), 'auto'),
    (url: string) => openV2(httpV2(url), 'legacy'),
  ]) {
    await Promise.all(
      [...SERVERS, undefined].map(async (server) => {
        const peer = await open(server === undefined ? `${front.origin}/mcp` : at(server));
        await (server === undefined ? useMerged(peer) : use(peer));
        // The last cancellation is still on its way.
        await wait(200);
        await peer.sdk.close();
      }),
    );
  }
  await Promise.all([goWrong(), hearChanges()]);
}

async function use(peer: Peer, name = (own: string): string => own): Promise<void> {
  const { sdk } = peer;
  await sdk.listTools();
  await sdk.listPrompts();
  await sdk.listResources();
  await sdk.listResourceTemplates();
  await sdk.readResource({ uri: 'test://static-text' });
  await sdk.readResource({ uri: 'test://static-binary' });
  await sdk.readResource({ uri: 'test://template/1/data' });
  await sdk.getPrompt({ name: name('test_prompt_with_arguments'), arguments: { arg1: 'a', arg2: 'b' } });
  await sdk.getPrompt({ name: name('test_prompt_with_image') });
  await sdk.complete({
    ref: { type: 'ref/prompt', name: name('test_prompt_with_arguments') },
    argument: { name: 'arg1', value: 'p' },
  });
  await sdk.complete({
    ref: { type: 'ref/resource', uri: 'test://template/{id}/data' },
    argument: { name: 'id', value: 't' },
  });
  for (const tool of [
    'echo',
    'test_image_content',
    'test_audio_content',
    'test_embedded_resource',
    'test_multiple_content_types',
    'test_error_handling',
    'test_elicitation',
    'ask_url',
    'test_sampling',
    'test_input_required_result_list_roots',
    'test_input_required_result_multiple_inputs',
    'ask_rounds',
  ]) {
    // Not every pair of eras can ask everything; that it is said properly is what counts here.
    await peer.call(name(tool), { message: 'x', prompt: 'x' }).catch(() => undefined);
  }
  const meta = { 'io.modelcontextprotocol/logLevel': 'info' };
  await peer.call(name('test_tool_with_progress'), {}, { onprogress: () => undefined });
  await peer.call(name('test_tool_with_logging'), {}, peer.revision === '2026-07-28' ? { meta } : {});
  await peer.call(name('nobody')).catch(() => undefined);
  const cancel = new AbortController();
  const cancelled = peer.call(name('slow'), { ms: 5000 }, { signal: cancel.signal }).catch(() => undefined);
  setTimeout(() => cancel.abort('enough'), 200);
  await cancelled;
}

async function useMerged(peer: Peer): Promise<void> {
  await use(peer, (own) => `modern__${own}`);
  await peer.call('legacy__test_elicitation', { message: 'x' }).catch(() => undefined);
  await peer.call('modern-stdio__echo', { message: 'x' });
  await peer.sdk.readResource({ uri: 'legacy+test://static-text' });
}

/** Marks what is wrong already as the client sends it, which the gateway passes on as it is. */
const WRONG = { 'com.example/wrong': true };

/** Requests that are refused. */
async function goWrong(): Promise<void> {
  const url = at('modern');
  const wrong = (headers: Record<string, string>, body: string) =>
    fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body }).then(
      (response) => response.arrayBuffer(),
    );
  const asked = (method: string, params: Json = {}, more: object = {}) =>
    askModern(url, method, { params, ...more });
  const call = { name: 'echo', arguments: {} };
  await asked('no/such', {}, { meta: WRONG });
  await asked('ping', {}, { meta: WRONG });
  await asked('tools/call', { name: 'nobody' });
  await asked('tools/call', { arguments: {} }, { meta: WRONG });
  await asked('tools/list', { cursor: 'nothing' });
  await asked('resources/read', { uri: 'no://where' });
  await asked('prompts/get', { name: 'nobody' });
  await asked('tools/call', call, { headers: { 'mcp-name': 'other' } });
  await asked('tools/call', call, { headers: { 'mcp-method': 'tools/list' } });
  await asked('tools/call', call, { headers: { accept: 'text/plain' } });
  await asked('tools/call', { ...call, requestState: 'forged' });
  const old = { 'io.modelcontextprotocol/protocolVersion': '2099-01-01' };
  await asked('tools/list', {}, { meta: old, headers: { 'mcp-protocol-version': '2099-01-01' } });
  await asked('tools/call', { name: 'test_missing_capability', arguments: {} });
  await asked('tools/call', { name: 'test_elicitation', arguments: { message: 'x' } });
  await askModern(at('gone'), 'tools/list');
  await askModern(at('absent'), 'tools/list');
  await askModern(`${front.origin}/mcp`, 'tools/list', { params: { cursor: 'nothing' } });
  await askModern(`${front.origin}/mcp`, 'tools/call', { params: { name: 'gone__x' } });
  await wrong({}, '{');
  await wrong({}, '[]');
  await wrong({}, '{"jsonrpc":"2.0"}');
  await wrong({}, '{"jsonrpc":"2.0","id":1,"method":"tools/list"}');
  await wrong({ 'content-type': 'text/plain' }, '{}');
  await wrong({ 'mcp-session-id': 'nobody' }, '{"jsonrpc":"2.0","id":1,"method":"tools/list"}');
  await wrong({ 'mcp-protocol-version': '2026-07-28' }, '{"jsonrpc":"2.0","id":1,"method":"tools/list"}');
  const session = await LegacySession.open(at('legacy'));
  await session.ask('no/such', { _meta: WRONG });
  await session.ask('ping');
  await session.ask('tools/call', { name: 'nobody' });
  await session.ask('tools/call', { _meta: WRONG });
  await session.ask('resources/read', { uri: 'no://where' });
  await session.ask('logging/setLevel', { level: 'nonsense', _meta: WRONG });
  await session.ask('logging/setLevel', { level: 'warning' });
  await session.ask('initialize', { protocolVersion: '2025-11-25' });
  await session.delete();
}

/** Changes, heard by clients of both eras. */
async function hearChanges(): Promise<void> {
  const uri = 'test://watched-resource';
  for (const server of SERVERS) {
    const all = { toolsListChanged: true, promptsListChanged: true, resourceSubscriptions: [uri] };
    const stream = await listen(at(server), all, `listen-${server}`);
    const session = await LegacySession.open(at(server));
    const legacy = await session.listen();
    await session.ask('resources/subscribe', { uri });
    // Nobody else wants this one, so that its end reaches the upstream.
    await session.ask('resources/subscribe', { uri: 'test://static-text' });
    await vi.waitFor(() => expect(stream.messages).not.toEqual([]), 5000);
    for (const name of ['test_trigger_tool_change', 'test_trigger_prompt_change', 'touch_watched_resource']) {
      await session.ask('tools/call', { name, arguments: {} });
    }
    await vi
      .waitFor(() => expect(legacy.of('notifications/resources/updated')).not.toEqual([]), 3000)
      .catch(() => undefined);
    await session.ask('resources/unsubscribe', { uri });
    await session.ask('resources/unsubscribe', { uri: 'test://static-text' });
    await Promise.all([stream.close(), legacy.close()]);
    await session.delete();
  }
}

const isModern = (message: Json): boolean =>
  Object(Object(message['params'])._meta)['io.modelcontextprotocol/protocolVersion'] !== undefined;
const posted = ({ posted: one }: TappedExchange): Json[] =>
  [one].flat().filter((each) => each !== undefined) as Json[];
const keyOf = (exchange: TappedExchange, id: unknown): string =>
  `${String(exchange.headers['mcp-session-id'] ?? exchange.answerHeaders['mcp-session-id'])} ${JSON.stringify(id)}`;

/** What the gateway sent to clients. */
function toClients(): Sent[] {
  return front.exchanges.flatMap((exchange): Sent[] => {
    const asked = posted(exchange).filter((message) => typeof message === 'object' && message !== null);
    const modern = asked.some(isModern) || exchange.headers['mcp-protocol-version'] === '2026-07-28';
    const revision: Revision = modern ? '2026-07-28' : '2025-11-25';
    return exchange.answered.map((message): Sent => {
      const request = asked.find(({ id }) => id !== undefined && id === message['id']);
      return { revision, message, answers: request?.['method'] as string | undefined };
    });
  });
}

/** What the gateway sent to upstreams over HTTP. */
function toUpstreams(tap: WireTap): Sent[] {
  const reverse = new Map<string, string>();
  for (const exchange of tap.exchanges) {
    for (const { id, method } of exchange.answered) {
      if (id !== undefined && typeof method === 'string') reverse.set(keyOf(exchange, id), method);
    }
  }
  return tap.exchanges.flatMap((exchange) =>
    posted(exchange).map(
      (message): Sent => ({
        revision: isModern(message) ? '2026-07-28' : '2025-11-25',
        message,
        answers: 'method' in message ? undefined : reverse.get(keyOf(exchange, message['id'])),
      }),
    ),
  );
}

/** What the gateway wrote to a process. */
function toProcess(name: string): Sent[] {
  const file = join(folder, name);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  const said = lines.map((line) => {
    const [, direction, pid, text = ''] = /^([<>]) (\d+) (.*)$/.exec(line) ?? [];
    return { direction, pid, message: JSON.parse(text) as Json };
  });
  const asked = new Map(
    said
      .filter(({ direction, message }) => direction === '<' && 'method' in message && 'id' in message)
      .map(({ pid, message }) => [`${pid} ${JSON.stringify(message['id'])}`, String(message['method'])]),
  );
  return said
    .filter(({ direction }) => direction === '>')
    .map(({ pid, message }) => ({
      revision: isModern(message) || name === 'modern' ? '2026-07-28' : '2025-11-25',
      message,
      answers: 'method' in message ? undefined : asked.get(`${pid} ${JSON.stringify(message['id'])}`),
    }));
}

/** Each fault once, with a message that has it. */
function faultsIn(sent: readonly Sent[]): string[] {
  const faults = new Map<string, string>();
  for (const one of sent) {
    if ('com.example/wrong' in Object(Object(one.message['params'])._meta)) continue;
    for (const fault of faultsOfSent(one)) {
      const head = `${one.revision} ${String(one.message['method'] ?? one.answers ?? 'response')}: ${fault}`;
      if (!faults.has(head)) faults.set(head, JSON.stringify(one.message).slice(0, 400));
    }
  }
  return [...faults].map(([fault, message]) => `${fault} in ${message}`);
}

/** The definitions that were seen of one revision. */
function seenIn(sent: readonly Sent[], revision: Revision): Set<string | undefined> {
  return new Set(sent.filter((one) => one.revision === revision).map(definitionOf));
}

const LISTS = [
  'ListToolsResult',
  'ListPromptsResult',
  'ListResourcesResult',
  'ListResourceTemplatesResult',
  'ReadResourceResult',
  'GetPromptResult',
  'CompleteResult',
  'CallToolResult',
  'ProgressNotification',
  'LoggingMessageNotification',
  'ToolListChangedNotification',
  'PromptListChangedNotification',
  'ResourceUpdatedNotification',
  'JSONRPCErrorResponse',
];
const REQUESTS = [
  'ListToolsRequest',
  'ListPromptsRequest',
  'ListResourcesRequest',
  'ListResourceTemplatesRequest',
  'ReadResourceRequest',
  'GetPromptRequest',
  'CompleteRequest',
  'CallToolRequest',
];

describe('the schemas', () => {
  it.each(['mcp-2025-11-25.json', 'mcp-2026-07-28.json', 'server-card.json'])(
    'are what they were: %s',
    (file) => {
      const hash = createHash('sha256')
        .update(readFileSync(schemaPath(file)))
        .digest('hex');
      expect(notedHashes()[file]).toBe(hash);
    },
  );
});

describe('the contract', () => {
  const revision = '2026-07-28';
  const response = (result: Json): Json => ({ jsonrpc: '2.0', id: 1, result });
  it.each<[string, Sent]>([
    [
      'has no ttlMs',
      { revision, message: response({ resultType: 'complete', tools: [] }), answers: 'tools/list' },
    ],
    ['is unknown', { revision, message: { jsonrpc: '2.0', id: 1, method: 'ping' } }],
    [
      'has no id that it may have',
      { revision, message: { jsonrpc: '2.0', id: null, error: { code: 1, message: '' } } },
    ],
    [
      'is of the other era',
      {
        revision: '2025-11-25',
        message: response({ resultType: 'complete', tools: [] }),
        answers: 'tools/list',
      },
    ],
    ['is not empty', { revision: '2025-11-25', message: response({ ok: true }), answers: 'ping' }],
  ])('is broken by a message that %s', (_, sent) => {
    expect(faultsOfSent(sent)).not.toEqual([]);
  });
});

describe('what clients are sent', () => {
  it('is valid in the revision that they speak', () => {
    expect(faultsIn(toClients())).toEqual([]);
  });

  it('was all that there is of 2026-07-28', () => {
    expect([...seenIn(toClients(), '2026-07-28')]).toEqual(
      expect.arrayContaining([
        ...LISTS,
        'DiscoverResult',
        'InputRequiredResult',
        'SubscriptionsAcknowledgedNotification',
        'HeaderMismatchError',
        'MissingRequiredClientCapabilityError',
        'UnsupportedProtocolVersionError',
      ]),
    );
  });

  it('was all that there is of 2025-11-25', () => {
    expect([...seenIn(toClients(), '2025-11-25')]).toEqual(
      expect.arrayContaining([
        ...LISTS,
        'InitializeResult',
        'EmptyResult',
        'ElicitRequest',
        'CreateMessageRequest',
        'ListRootsRequest',
      ]),
    );
  });

  it('holds no request in the modern era, and no id that is null in either', () => {
    for (const { revision, message } of toClients()) {
      if (revision === '2026-07-28') expect('method' in message && 'id' in message).toBe(false);
      expect(message['id']).not.toBeNull();
    }
  });

  it('has on each listen the id of its subscription, and nowhere else', () => {
    for (const exchange of front.exchanges) {
      const [asked] = posted(exchange);
      if (asked === undefined || !isModern(asked)) continue;
      for (const { params, result } of exchange.answered) {
        const meta = Object(Object(params ?? result)._meta);
        const expected = asked['method'] === 'subscriptions/listen' ? asked['id'] : undefined;
        if (params !== undefined) expect(meta['io.modelcontextprotocol/subscriptionId']).toBe(expected);
      }
    }
  });
});

describe('what upstreams are sent', () => {
  it.each(['modern', 'legacy'] as const)('over HTTP is valid: %s', (name) => {
    expect(faultsIn(toUpstreams(behind[name]))).toEqual([]);
  });

  it.each(['modern', 'legacy'])('over stdio is valid: %s', (name) => {
    expect(faultsIn(toProcess(name))).toEqual([]);
  });

  it('was all that there is', async () => {
    const modern = [...REQUESTS, 'DiscoverRequest', 'SubscriptionsListenRequest'];
    const legacy = [
      ...REQUESTS,
      'InitializeRequest',
      'InitializedNotification',
      'SetLevelRequest',
      'SubscribeRequest',
      'UnsubscribeRequest',
      'CancelledNotification',
      'ElicitResult',
      'CreateMessageResult',
      'ListRootsResult',
    ];
    expect([...seenIn(toUpstreams(behind.modern), '2026-07-28')]).toEqual(expect.arrayContaining(modern));
    expect([...seenIn(toUpstreams(behind.legacy), '2025-11-25')]).toEqual(expect.arrayContaining(legacy));
    expect([...seenIn(toProcess('modern'), '2026-07-28')]).toEqual(
      expect.arrayContaining([...modern, 'CancelledNotification']),
    );
    // The end of the last subscription is still on its way.
    await vi.waitFor(
      () => expect([...seenIn(toProcess('legacy'), '2025-11-25')]).toEqual(expect.arrayContaining(legacy)),
      3000,
    );
  });

  it('has in its headers what is in its body', () => {
    for (const exchange of behind.modern.exchanges) {
      const [message] = posted(exchange);
      if (message === undefined || message['id'] === undefined) continue;
      const params = Object(message['params']);
      expect(exchange.headers).toMatchObject({
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': message['method'],
        accept: expect.stringMatching(/application\/json.*text\/event-stream/),
      });
      if (message['method'] !== 'subscriptions/listen' && /call|get|read/.test(String(message['method']))) {
        expect(exchange.headers['mcp-name']).toBe(params.name ?? params.uri);
      }
    }
  });

  it('asks nothing in a legacy session before it is open, and carries its id and version after', () => {
    const sessions = behind.legacy.exchanges.filter(({ headers }) => headers['mcp-session-id'] !== undefined);
    expect(sessions.length).toBeGreaterThan(10);
    for (const { headers } of sessions) expect(headers['mcp-protocol-version']).toBe('2025-11-25');
    for (const exchange of behind.legacy.exchanges) {
      if (exchange.headers['mcp-session-id'] !== undefined) continue;
      for (const message of posted(exchange)) {
        expect(['initialize', 'server/discover']).toContain(message['method']);
      }
    }
  });
});
