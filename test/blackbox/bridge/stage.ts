/** One gateway in front of a server of every revision and transport, and the clients of every revision before it. */
import { join } from 'node:path';
import { type BridgeListening, startBridgeHttp, startBridgeSse } from '../../fixtures/bridge/legacy-http.ts';
import { startBridgeModern } from '../../fixtures/bridge/modern-server.ts';
import type { Json } from '../../support/front-door.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import type { ScriptedServer } from '../../support/scripted-server.ts';
import { VOUCHED } from '../../support/vouched.ts';
import { type Conversation, LegacyTalk, ModernTalk, SseTalk } from './conversation.ts';

/** The legacy upstreams: what they speak, and how. */
export const LEGACY_UPSTREAMS = [
  { name: 'http25', title: '2025-11-25 over HTTP', version: '2025-11-25' },
  { name: 'http18', title: '2025-06-18 over HTTP', version: '2025-06-18' },
  { name: 'http03', title: '2025-03-26 over HTTP', version: '2025-03-26' },
  { name: 'sse24', title: '2024-11-05 over HTTP+SSE', version: '2024-11-05' },
  { name: 'stdio25', title: '2025-11-25 over stdio', version: '2025-11-25' },
] as const;

export type LegacyUpstream = (typeof LEGACY_UPSTREAMS)[number]['name'];
export type Upstream = LegacyUpstream | 'modern' | 'shared';

/** The revisions of legacy clients; the oldest over HTTP+SSE. */
export const LEGACY_CLIENTS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;

export type LegacyClient = (typeof LEGACY_CLIENTS)[number];

/** Every upstream of one caller's own. */
export const UPSTREAMS: readonly Upstream[] = ['modern', ...LEGACY_UPSTREAMS.map(({ name }) => name)];

/** The revisions of all clients. */
export const CLIENTS = ['2026-07-28', ...LEGACY_CLIENTS] as const;

/** Each of these clients with each upstream. */
export function pairsOf<C extends string>(clients: readonly C[]): [C, Upstream][] {
  return clients.flatMap((client) => UPSTREAMS.map((upstream): [C, Upstream] => [client, upstream]));
}

/** A client that can be asked for everything. */
export const WILLING = {
  elicitation: { form: {}, url: {} },
  sampling: { tools: {}, context: {} },
  roots: {},
};

export interface Stage {
  readonly gateway: RunningGateway;
  readonly modern: ScriptedServer;
  /** The servers in this process; the one over stdio has a process of its own. */
  readonly legacy: Readonly<Record<Exclude<LegacyUpstream, 'stdio25'>, BridgeListening>>;
  /** A modern client of an upstream's own server. */
  modernClient(upstream: Upstream, capabilities?: Json): Promise<ModernTalk>;
  /** A legacy client over Streamable HTTP. */
  sessionClient(upstream: Upstream, capabilities?: Json, version?: LegacyClient): Promise<LegacyTalk>;
  /** A client of any revision, over the transport that is its own. */
  client(version: string, upstream: Upstream, capabilities?: Json): Promise<Conversation>;
  stop(): Promise<void>;
}

const STDIO = join(import.meta.dirname, '..', '..', 'fixtures', 'bridge', 'legacy-stdio.ts');

/** Starts everything. Close what `client` gave before `stop`, or let `stop` do it. */
export async function startStage(): Promise<Stage> {
  const modern = await startBridgeModern();
  const legacy = {
    http25: await startBridgeHttp('2025-11-25'),
    http18: await startBridgeHttp('2025-06-18'),
    http03: await startBridgeHttp('2025-03-26'),
    sse24: await startBridgeSse(),
  };
  const stopServers = async (): Promise<void> => {
    await Promise.all([modern.close(), ...Object.values(legacy).map((server) => server.close())]);
  };
  const stdio = { command: process.execPath, args: [STDIO, '2025-11-25'] };
  const urls = Object.entries(legacy).map(([name, { url }]) => [name, { url }]);
  const upstreams = {
    modern: { url: modern.url },
    ...Object.fromEntries(urls),
    stdio25: { ...stdio, process: 'session' },
    shared: { ...stdio, process: 'shared' },
  };
  try {
    const gateway = await startGateway({
      configText: JSON.stringify({ listen: { port: 0, legacySse: true }, launch: VOUCHED, upstreams }),
    });
    return stageOf(gateway, { modern, legacy, stopServers });
  } catch (error) {
    await stopServers();
    throw error;
  }
}

interface Servers extends Pick<Stage, 'modern' | 'legacy'> {
  readonly stopServers: () => Promise<void>;
}

function stageOf(gateway: RunningGateway, { modern, legacy, stopServers }: Servers): Stage {
  const open = new Set<Conversation>();
  const keep = <T extends Conversation>(talk: T): T => {
    open.add(talk);
    return talk;
  };
  const at = (upstream: Upstream): string => `${gateway.url}/servers/${upstream}`;
  const stage: Stage = {
    gateway,
    modern,
    legacy,
    modernClient: async (upstream, capabilities = WILLING) =>
      keep(await ModernTalk.open(`${at(upstream)}/mcp`, capabilities)),
    sessionClient: async (upstream, capabilities = WILLING, version = '2025-11-25') =>
      keep(await LegacyTalk.open(`${at(upstream)}/mcp`, { version, capabilities })),
    client: async (version, upstream, capabilities = WILLING) => {
      if (version === '2026-07-28') return stage.modernClient(upstream, capabilities);
      if (version === '2024-11-05') return keep(await SseTalk.open(`${at(upstream)}/sse`, capabilities));
      return keep(await LegacyTalk.open(`${at(upstream)}/mcp`, { version, capabilities }));
    },
    async stop() {
      try {
        await Promise.all([...open].map((talk) => talk.close().catch(() => undefined)));
        await gateway.stop();
      } finally {
        await stopServers();
      }
    },
  };
  return stage;
}
