/** A catalog over two upstreams in memory, asked as the pipeline asks it. */
import { randomBytes } from 'node:crypto';
import { afterEach } from 'vitest';
import type { Outcome, Principal } from '../../src/call.ts';
import { createCatalog, type OpenCatalog, type ServerPlan } from '../../src/catalog/catalog.ts';
import type { TaskFeed } from '../../src/catalog/task-feed.ts';
import { foldRows } from '../../src/lib/rows.ts';
import { createSeal } from '../../src/lib/seal.ts';
import { openState } from '../../src/steps/open-state.ts';
import { useCache } from '../../src/steps/use-cache.ts';
import { type CallSketch, makeCall } from './calls.ts';
import { createMemoryUpstream, type MemoryUpstream } from './memory-source.ts';

const LOCAL: Principal = { key: 'local', kind: 'local' };
const quiet = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const open: OpenCatalog[] = [];

afterEach(() => {
  for (const catalog of open.splice(0)) catalog.close();
});

/** A server of these upstreams. */
export const plan = (
  name: string,
  upstreams: readonly string[],
  more: Partial<ServerPlan> = {},
): ServerPlan => ({
  name,
  path: `/servers/${name}/mcp`,
  title: undefined,
  card: undefined,
  sources: upstreams.map((upstream) => ({ upstream })),
  single: false,
  public: false,
  instructions: undefined,
  ...more,
});

/** A tool of this name. */
export const tool = (name: string, more: object = {}) => ({ name, inputSchema: { type: 'object' }, ...more });

/** What a test works with. */
export interface Bench {
  readonly catalog: OpenCatalog;
  readonly a: MemoryUpstream;
  readonly b: MemoryUpstream;
  ask(server: string, sketch: CallSketch): Promise<Outcome>;
  passTime(ms: number): void;
  readonly ending: AbortController;
}

/** Makes the servers, over the upstreams `a` and `b`; closed after the test. Without a feed there are no tasks. */
export function setUp(servers: readonly ServerPlan[], tasks?: TaskFeed): Bench {
  const [a, b] = [createMemoryUpstream('a'), createMemoryUpstream('b')];
  const seal = createSeal(randomBytes(32));
  const ending = new AbortController();
  let now = 1_000;
  const catalog = createCatalog({
    servers,
    sources: new Map([
      ['a', a],
      ['b', b],
    ]),
    trusted: new Set(),
    tasks,
    seal,
    log: quiet,
    now: () => now,
    ending: ending.signal,
    maxListens: 2,
    cacheBytes: 1_000_000,
    version: '1.2.3',
    versions: ['2026-07-28'],
  });
  open.push(catalog);
  const cached = useCache(catalog.cache);
  const ask = async (server: string, sketch: CallSketch): Promise<Outcome> => {
    const call = makeCall(sketch);
    const view = catalog.server(server);
    if (view === undefined) throw new TypeError(`no server ${server}`);
    const answer = {
      run: async (context: object): Promise<Outcome> => {
        const { position } = context as { position: undefined };
        const asked = { call, principal: LOCAL, context: 'local', position };
        const routed = await view.route(asked);
        if (routed.kind === 'catalog') return view.answer(asked);
        const question = { source: routed.source, call: routed.call, context: 'local' };
        const outcome = await cached(question, () => routed.source.call(routed.call, 'local'));
        return routed.restore?.(outcome) ?? outcome;
      },
    };
    const opened = { run: openState(catalog, seal) };
    return foldRows<Outcome>([opened, answer])({ server, call, principal: LOCAL });
  };
  return {
    catalog,
    a,
    b,
    ask,
    ending,
    passTime: (ms) => {
      now += ms;
    },
  };
}

/** The result of an outcome that has one. */
export function resultOf(outcome: Outcome): Record<string, unknown> {
  if (outcome.kind !== 'complete') throw new TypeError(`expected a result, got ${outcome.kind}`);
  return outcome.result.value() as Record<string, unknown>;
}

/** One member of each item of a list in a result. */
export const namesOf = (outcome: Outcome, member: string, key: string): unknown[] =>
  (resultOf(outcome)[member] as Record<string, unknown>[]).map((item) => item[key]);
