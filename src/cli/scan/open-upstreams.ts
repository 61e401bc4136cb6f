import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OPERATOR } from '../../call.ts';
import type { Environment, LoadedConfig, UpstreamConfig } from '../../config/types.ts';
import { openLaunches } from '../../gateway/launches.ts';
import { MarkMap } from '../../guard/approvals/upstream-marks.ts';
import type { LaunchBook } from '../../guard/launch/authorize-launch.ts';
import { systemClock } from '../../lib/clock.ts';
import { createSeal } from '../../lib/seal.ts';
import type { Store } from '../../store/store.ts';
import { createUpstreamOf } from '../../upstream/create-upstream.ts';
import { createStdioOpener } from '../../upstream/stdio/stdio-opener.ts';
import { createProcessGroups } from '../../upstream/stdio/stdio-process.ts';
import type { Upstream } from '../../upstream/upstream.ts';
import { openStoreOf } from '../open-store-of.ts';
import { SILENT_LOG } from '../silent-log.ts';

/** What upstreams are made of without a gateway. */
export interface OpenUpstreamsOptions {
  readonly loaded: LoadedConfig;
  readonly environment: Environment;
  readonly version: string;
}

/** Makes upstreams as the gateway does, for a command that only looks. */
export interface OpenUpstreams {
  create(config: UpstreamConfig): Upstream;
  /** Call it when every upstream is closed. */
  close(): Promise<void>;
}

/**
 * Prepares to reach upstreams: by the connectors of the gateway, and programs by the same rules and approvals. Nothing
 * is written to the store: what was never approved does not start.
 */
export async function openUpstreams(options: OpenUpstreamsOptions): Promise<OpenUpstreams> {
  const { loaded, environment, version } = options;
  const dataDir = await mkdtemp(join(tmpdir(), 'gateward-scan-'));
  const config = { ...loaded.config, dataDir };
  const groups = createProcessGroups();
  const log = SILENT_LOG;
  const store = await openKnown(loaded);
  const launches = openLaunches({
    config: () => config,
    files: () => loaded.files,
    approvals: readOnlyBook(store),
    groups,
    environment,
    log,
  });
  const common = {
    seal: createSeal(randomBytes(32)),
    log,
    clientInfo: { name: 'gateward', version },
    context: OPERATOR,
    clock: systemClock,
    monotonicMs: () => performance.now(),
    random: Math.random,
  };
  const deps = {
    ...common,
    hooksOf: () => ({}),
    createStdioOpener: (one: Parameters<typeof createStdioOpener>[0]) =>
      createStdioOpener(one, { ...common, authorizeLaunch: launches.authorize, groups }),
  };
  return {
    create: (one) => createUpstreamOf(one, deps),
    close: async () => {
      await launches.close();
      await store?.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** The store, where there is one that can be read. Without it nothing is approved. */
async function openKnown({ config }: LoadedConfig): Promise<Store | undefined> {
  const { store } = config;
  if (store.kind === 'sqlite' && !existsSync(store.file)) return undefined;
  return openStoreOf(store).catch(() => undefined);
}

function readOnlyBook(store: Store | undefined): LaunchBook {
  return {
    load: async (upstream) => new MarkMap((await store?.approvals.marks(upstream)) ?? []),
    see: (seen) => Promise.resolve(seen.map(() => 'pending' as const)),
  };
}
