/** An upstream in memory, for tests of the catalog: lists in pages, calls that echo, changes on demand. */
import type { Call, Outcome } from '../../src/call.ts';
import type { Source } from '../../src/catalog/server-view.ts';
import { GatewardError } from '../../src/errors.ts';
import { JsonText } from '../../src/lib/json-text.ts';

type Thing = Readonly<Record<string, unknown>>;

/** What the upstream offers; tests may change it as they go. */
export interface MemoryUpstream extends Source {
  offers: {
    tools?: readonly Thing[];
    prompts?: readonly Thing[];
    resources?: readonly Thing[];
    resourceTemplates?: readonly Thing[];
  };
  capabilities: Thing;
  instructions: string | undefined;
  result: Thing;
  hints: Thing;
  down: boolean;
  /** Every call that arrived, in order. */
  readonly calls: Call[];
  /** Sends a notification to every open listen. */
  announce(method: string, params?: Thing): void;
  readonly openListens: number;
}

const PAGE = 2;
const MEMBERS: ReadonlyMap<string, keyof MemoryUpstream['offers']> = new Map([
  ['tools/list', 'tools'],
  ['prompts/list', 'prompts'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'resourceTemplates'],
] as const);

/** Starts an upstream with nothing to offer. */
export function createMemoryUpstream(name: string): MemoryUpstream {
  const listens = new Set<Call>();
  const upstream: MemoryUpstream = {
    name,
    offers: {},
    capabilities: { tools: {}, resources: { subscribe: true } },
    instructions: undefined,
    result: { content: [], resultType: 'complete' },
    hints: { ttlMs: 0, cacheScope: 'private' },
    down: false,
    calls: [],
    get openListens() {
      return listens.size;
    },
    era: () => 'modern',
    announce(method, params = {}) {
      for (const listen of listens) void listen.notify(JsonText.of({ jsonrpc: '2.0', method, params }));
    },
    call(call) {
      upstream.calls.push(call);
      if (upstream.down) return Promise.reject(new GatewardError('UPSTREAM_UNAVAILABLE'));
      if (call.method === 'subscriptions/listen') return listen(call, listens);
      const member = MEMBERS.get(call.method);
      if (member !== undefined) return Promise.resolve(answerList(upstream, member, call));
      if (call.method === 'server/discover') return complete(discover(upstream));
      return complete(upstream.result);
    },
  };
  return upstream;
}

function answerList(upstream: MemoryUpstream, member: keyof MemoryUpstream['offers'], call: Call): Outcome {
  const all = upstream.offers[member];
  if (all === undefined) {
    const error = JsonText.of({ code: -32601, message: 'no such list' });
    return { kind: 'error', error, code: undefined, retryAfterSeconds: undefined };
  }
  const from = Number(call.message.at('params', 'cursor')?.string() ?? 0);
  const more = from + PAGE < all.length ? { nextCursor: String(from + PAGE) } : {};
  const result = {
    [member]: all.slice(from, from + PAGE),
    ...more,
    ...upstream.hints,
    resultType: 'complete',
  };
  return { kind: 'complete', result: JsonText.of(result) };
}

function discover({ capabilities, instructions }: MemoryUpstream): Thing {
  return { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities, instructions };
}

function complete(result: Thing): Promise<Outcome> {
  return Promise.resolve({ kind: 'complete', result: JsonText.of(result) });
}

function listen(call: Call, listens: Set<Call>): Promise<Outcome> {
  listens.add(call);
  const notifications = call.message.at('params', 'notifications')?.value();
  const method = 'notifications/subscriptions/acknowledged';
  void call.notify(JsonText.of({ jsonrpc: '2.0', method, params: { notifications } }));
  return new Promise((_, reject) => {
    call.signal.addEventListener('abort', () => {
      listens.delete(call);
      reject(call.signal.reason);
    });
  });
}
