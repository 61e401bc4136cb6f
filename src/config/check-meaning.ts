import { access, constants } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isLoopbackHost } from './address.ts';
import { checkHeaders } from './check-headers.ts';
import { chooseProxy } from './choose-proxy.ts';
import { asMap, type KeyPath, valueAt } from './key-path.ts';
import { MERGED_SERVER } from './schema-fields.ts';
import { isPostgresUrl } from './schema-store.ts';
import { faultOfRead } from './substitute.ts';
import { nearest } from './suggest-key.ts';
import type { ProxyVariables } from './types.ts';

/** A fault of meaning. `insecure` marks one that has an error code of its own. */
export interface MeaningFault {
  readonly path: KeyPath;
  readonly message: string;
  readonly insecure?: true;
}

/** What is needed to judge a file beside its value. */
export interface Surroundings {
  /** Absolute path of the folder that relative paths start from. */
  readonly folder: string;
  readonly proxy: ProxyVariables;
}

/**
 * Checks what a schema cannot say: that names refer to something, that files are there, that the gateway does not
 * listen beyond loopback. It takes the plain value, which may break the schema, so that all faults show at once.
 */
export async function checkMeaning(value: unknown, around: Surroundings): Promise<MeaningFault[]> {
  return [
    ...checkListen(value),
    ...checkBus(value),
    ...checkServers(value),
    ...checkUpstreams(value, around.proxy),
    ...(await checkFiles(value, around.folder)),
  ];
}

function checkListen(value: unknown): MeaningFault[] {
  const host = valueAt(value, ['listen', 'host']);
  if (valueAt(value, ['auth', 'keys']) === true) return [];
  if (typeof host !== 'string' || host === '' || isLoopbackHost(host)) return [];
  return [
    {
      path: ['listen', 'host'],
      message:
        'Without authentication the gateway listens on loopback only: 127.0.0.1, ::1 or localhost. To reach it from elsewhere, set auth.keys to true and make a key for each caller with: gateward key create.',
      insecure: true,
    },
  ];
}

function checkBus(value: unknown): MeaningFault[] {
  const [store, bus] = ['store', 'bus'].map((key) => valueAt(value, [key]));
  if (bus === undefined || (typeof store === 'string' && isPostgresUrl(store))) return [];
  return [
    {
      path: ['bus'],
      message:
        'Only replicas that share PostgreSQL need a bus; the processes of one machine have their own. Remove it, or set store to postgres://...',
    },
  ];
}

function checkServers(value: unknown): MeaningFault[] {
  const upstreams = Object.keys(asMap(valueAt(value, ['upstreams'])) ?? {});
  const servers = asMap(valueAt(value, ['servers'])) ?? {};
  return Object.entries(servers).flatMap(([name, server]) =>
    checkServer(name, asMap(server) ?? {}, upstreams),
  );
}

function checkServer(
  name: string,
  server: Readonly<Record<string, unknown>>,
  upstreams: readonly string[],
): MeaningFault[] {
  const path = ['servers', name];
  if (server['from'] === undefined) {
    if (name === MERGED_SERVER || upstreams.includes(name)) return [];
    return [{ path, message: `Needs "from": the upstreams that it is made of.${list(upstreams)}` }];
  }
  const names = Object.keys(asMap(server['from']) ?? {});
  if (names.length === 0) {
    return [{ path: [...path, 'from'], message: `Names no upstream; give at least one.${list(upstreams)}` }];
  }
  const faults: MeaningFault[] = names
    .filter((upstream) => !upstreams.includes(upstream))
    .map((upstream) => ({
      path: [...path, 'from', upstream],
      message: `There is no upstream "${upstream}".${suggest(upstream, upstreams)}`,
    }));
  if (upstreams.includes(name) && !names.includes(name)) {
    faults.push({
      path: [...path, 'from'],
      message: `This server takes the name of the upstream "${name}", so it must select that upstream. Add it, or choose another name.`,
    });
  }
  return faults;
}

function suggest(name: string, upstreams: readonly string[]): string {
  const near = nearest(name, upstreams);
  return near === undefined ? list(upstreams) : ` Did you mean "${near}"?`;
}

function list(upstreams: readonly string[]): string {
  if (upstreams.length === 0) return ' None is configured.';
  const more = upstreams.length > 10 ? ', ...' : '';
  return ` Configured: ${upstreams.slice(0, 10).join(', ')}${more}.`;
}

function checkUpstreams(value: unknown, proxy: ProxyVariables): MeaningFault[] {
  const upstreams = asMap(valueAt(value, ['upstreams'])) ?? {};
  return Object.entries(upstreams).flatMap(([name, entry]) => {
    const path = ['upstreams', name];
    const upstream = asMap(entry) ?? {};
    const faults: MeaningFault[] = [];
    if (name === MERGED_SERVER) {
      faults.push({
        path,
        message: `The name "${MERGED_SERVER}" is kept for the server at /mcp; choose another.`,
      });
    }
    if (upstream['transport'] === 'sse' && upstream['era'] === 'modern') {
      faults.push({
        path: [...path, 'era'],
        message: 'HTTP+SSE exists only in the legacy era; remove "era".',
      });
    }
    for (const { name: header, message } of checkHeaders(asMap(upstream['headers']) ?? {})) {
      faults.push({ path: [...path, 'headers', header], message });
    }
    const { timeoutMs, maxTimeoutMs } = upstream;
    if (typeof timeoutMs === 'number' && typeof maxTimeoutMs === 'number' && maxTimeoutMs < timeoutMs) {
      faults.push({ path: [...path, 'maxTimeoutMs'], message: 'Must not be less than timeoutMs.' });
    }
    const url = upstream['url'];
    if (
      upstream['proxy'] === undefined &&
      typeof url === 'string' &&
      /^https?:/.test(url) &&
      URL.canParse(url)
    ) {
      const choice = chooseProxy(url, proxy);
      if (choice.kind === 'fault') faults.push({ path: [...path, 'url'], message: choice.message });
    }
    return faults;
  });
}

async function checkFiles(value: unknown, folder: string): Promise<MeaningFault[]> {
  const upstreams = Object.keys(asMap(valueAt(value, ['upstreams'])) ?? {});
  const places: KeyPath[] = [['listen', 'tls'], ...upstreams.map((name) => ['upstreams', name, 'tls'])];
  const paths = places.flatMap((place) => ['ca', 'cert', 'key'].map((key) => [...place, key]));
  const faults: MeaningFault[] = [];
  for (const path of paths) {
    const file = valueAt(value, path);
    if (typeof file !== 'string' || file === '' || file.includes('\0')) continue;
    try {
      await access(resolve(folder, file), constants.R_OK);
    } catch (error) {
      faults.push({ path, message: `The file ${faultOfRead(error)}.` });
    }
  }
  return faults;
}
