/** Upstreams that are the programs of test/fixtures/stdio. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stdioUpstreamSchema } from '../../src/config/schema-upstream.ts';
import type { StdioUpstreamConfig } from '../../src/config/types.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Log, LogFields } from '../../src/lib/log.ts';
import { createSeal } from '../../src/lib/seal.ts';
import type { StdioOpenerDeps } from '../../src/upstream/stdio/stdio-opener.ts';
import { createProcessGroups } from '../../src/upstream/stdio/stdio-process.ts';
import { authorizeAnything } from './launches.ts';
import { NO_PINS, USUAL_GUARD } from './trusting.ts';

export const fixtureFolder = fileURLToPath(new URL('../fixtures/stdio/', import.meta.url));

/** A log that remembers. */
export class MemoryLog implements Log {
  readonly entries: { readonly message: string; readonly fields: LogFields | undefined }[] = [];
  readonly #add = (message: string, fields?: LogFields) => void this.entries.push({ message, fields });
  readonly debug = this.#add;
  readonly info = this.#add;
  readonly warn = this.#add;
  readonly error = this.#add;

  /** The values of one field, in order. */
  all(message: string, field: string): unknown[] {
    return this.entries.filter((entry) => entry.message === message).map(({ fields }) => fields?.[field]);
  }
}

/** The configuration of an upstream that runs a fixture. */
export function stdioConfig(
  script: string,
  options: Partial<StdioUpstreamConfig> & { readonly flags?: readonly string[] } = {},
): StdioUpstreamConfig {
  const { flags = [], ...rest } = options;
  const parsed = stdioUpstreamSchema.parse({ command: process.execPath });
  const args = [`${fixtureFolder}${script}`, ...flags.map((flag) => `--${flag}`)];
  return {
    ...parsed,
    process: 'shared',
    connectTimeoutMs: 10_000,
    kind: 'stdio',
    name: 'fixture',
    cwd: fixtureFolder,
    args,
    references: { env: {}, args: {} },
    pins: NO_PINS,
    guard: USUAL_GUARD,
    ...rest,
  };
}

export function stdioDeps(log: Log = new MemoryLog()): StdioOpenerDeps {
  return {
    clientInfo: { name: 'gateward', version: '1' },
    context: 'own',
    authorizeLaunch: authorizeAnything(log),
    groups: createProcessGroups(),
    seal: createSeal(Buffer.alloc(32, 1)),
    clock: systemClock,
    monotonicMs: () => performance.now(),
    random: () => 0,
    log,
  };
}

/** Whether a process is there and no zombie that only waits to be reaped. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}
