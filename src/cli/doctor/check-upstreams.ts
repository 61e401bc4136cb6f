import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment, LoadedConfig } from '../../config/types.ts';
import type { GatewayStatus } from '../../gateway/status.ts';
import { createGateway } from '../../gateway.ts';
import { ADMIN_KEY_FILE, readAdminKey } from '../../store/key-files.ts';
import { serverAnswerSchema } from '../admin-schema.ts';
import type { AdminTarget } from '../admin-target.ts';
import { askGateway } from '../ask-gateway.ts';
import { SILENT_LOG } from '../silent-log.ts';
import { copyApprovals } from './copy-approvals.ts';
import { cureOf } from './cures.ts';
import type { Finding } from './finding.ts';

/** What is needed to try the upstreams. */
export interface CheckUpstreamsOptions {
  readonly loaded: LoadedConfig;
  readonly environment: Environment;
  readonly version: string;
}

type UpstreamStatus = GatewayStatus['upstreams'][number];

/** Longer names of tools are cut by some clients, which put a prefix of their own before them. */
const MAX_COMFORTABLE_NAME = 48;
const MAX_NAMED = 5;
/** Beyond the time that the upstreams themselves are given. */
const SPARE_MS = 5_000;
const LOOK_EVERY_MS = 50;

/**
 * Tries every upstream in a gateway of its own, which listens on a free loopback port and keeps its keys in a folder
 * that is taken away again: so what is checked is what would run.
 */
export async function checkUpstreams(options: CheckUpstreamsOptions): Promise<Finding[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gateward-doctor-'));
  const loaded = privately(options.loaded, dataDir);
  await copyApprovals(options.loaded.config.store, loaded.config.store);
  const gateway = createGateway({
    loaded,
    load: () => Promise.resolve(loaded),
    // A secret of its own is made beside the key.
    environment: { ...options.environment, secret: undefined, previousSecret: undefined },
    log: SILENT_LOG,
    version: options.version,
  });
  try {
    const { port } = await gateway.start();
    await settle(gateway.status, loaded);
    const target: AdminTarget = {
      url: `http://127.0.0.1:${port}`,
      key: await readAdminKey(join(dataDir, ADMIN_KEY_FILE)),
      certificate: undefined,
    };
    const { upstreams, servers } = gateway.status();
    const names = await Promise.all(servers.map(({ name }) => findLongNames(name, target)));
    return [...upstreams.map(judge), ...names.flat()];
  } finally {
    await gateway.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

function privately(loaded: LoadedConfig, dataDir: string): LoadedConfig {
  const { config } = loaded;
  const listen = { ...config.listen, host: '127.0.0.1', port: 0, tls: undefined, trustedProxies: [] };
  const store = { kind: 'sqlite', file: join(dataDir, 'gateward.db') } as const;
  const alone = { store, bus: undefined, auth: { keys: false } };
  // What is tried must not see the gateway's own folder, which is no longer named here.
  const files = [...loaded.files, config.dataDir];
  return { ...loaded, files, config: { ...config, ...alone, listen, dataDir, publicUrl: undefined } };
}

async function settle(status: () => GatewayStatus, { config }: LoadedConfig): Promise<void> {
  const longest = Math.max(0, ...config.upstreams.map(({ connectTimeoutMs }) => connectTimeoutMs));
  const until = Date.now() + longest + SPARE_MS;
  while (Date.now() < until && status().upstreams.some(({ state }) => state === 'starting')) {
    await sleep(LOOK_EVERY_MS);
  }
}

function judge(upstream: UpstreamStatus): Finding {
  const { name, state, era, protocolVersion, serverInfo, lastError, lastErrorCode, target } = upstream;
  const subject = `upstream ${name}`;
  if (state === 'up') {
    const who = serverInfo === undefined ? '' : `, ${serverInfo.name} ${serverInfo.version}`;
    return { level: 'ok', subject, message: `speaks ${era} ${protocolVersion}${who}` };
  }
  const why = lastError ?? 'It has not answered in time.';
  return {
    level: 'problem',
    subject,
    message: `${why}\n${target}`,
    code: lastErrorCode,
    cure: cureOf(upstream),
  };
}

async function findLongNames(server: string, target: AdminTarget): Promise<Finding[]> {
  const path = `servers/${encodeURIComponent(server)}`;
  const { tools } = await askGateway(target, path, serverAnswerSchema);
  const long = tools.map(({ name }) => name).filter((name) => name.length > MAX_COMFORTABLE_NAME);
  if (long.length === 0) return [];
  const shown = long.slice(0, MAX_NAMED).join(', ');
  const more = long.length > MAX_NAMED ? ` and ${long.length - MAX_NAMED} more` : '';
  return [
    {
      level: 'warning',
      subject: `server ${server}`,
      message: `names of tools above ${MAX_COMFORTABLE_NAME} characters, which some clients cut: ${shown}${more}`,
      cure: 'Give the upstream a shorter name, or use the server of the upstream itself, whose names have no prefix.',
    },
  ];
}
