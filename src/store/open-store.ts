import { createHash } from 'node:crypto';
import type { Config } from '../config/types.ts';
import type { Log } from '../lib/log.ts';
import type { WorkerPort } from './bus/worker-bus.ts';
import type { Bus, Store } from './store.ts';

/** What opening a store takes. */
export interface StoreParts {
  readonly store: Config['store'];
  readonly log: Log;
  /** Milliseconds since 1970, for an embedded store; `Date.now` unless given. A database has a clock of its own. */
  readonly now?: (() => number) | undefined;
}

/** What opening a bus takes. */
export interface BusParts extends Omit<StoreParts, 'now'> {
  /** URL of a NATS server, which then wakes all replicas. */
  readonly bus: string | undefined;
  /** The way to the other processes on this port; undefined in a process that is alone. */
  readonly workers?: WorkerPort | undefined;
}

/**
 * Opens the store that the configuration names. A driver is loaded only where it is used.
 *
 * @throws GatewardError STORE_UNAVAILABLE, STORE_TOO_NEW, DATA_FOLDER_UNUSABLE, CONFIG_INVALID
 */
export async function openStore({ store, log, now }: StoreParts): Promise<Store> {
  if (store.kind === 'sqlite') {
    const { createSqliteStore } = await import('./sqlite/sqlite-store.ts');
    return createSqliteStore({ file: store.file, ...(now && { now }) });
  }
  const { createPostgresStore } = await import('./postgres/postgres-store.ts');
  return createPostgresStore({ url: store.url, log });
}

/**
 * Opens what wakes the replicas that share a store: NATS where the configuration names it, the notifications of
 * PostgreSQL, messages between workers, or this process alone.
 *
 * @throws GatewardError CONFIG_INVALID
 */
export async function openBus({ store, bus, workers, log }: BusParts): Promise<Bus> {
  if (bus !== undefined) {
    const { createNatsBus } = await import('./bus/nats-bus.ts');
    return createNatsBus({ url: bus, prefix: `gateward.${nameOf(store)}`, log });
  }
  if (store.kind === 'postgres') {
    const { createPostgresBus } = await import('./bus/postgres-bus.ts');
    return createPostgresBus({ url: store.url, log });
  }
  if (workers !== undefined) {
    const { createWorkerBus } = await import('./bus/worker-bus.ts');
    return createWorkerBus(workers);
  }
  const { createLocalBus } = await import('./bus/local-bus.ts');
  return createLocalBus();
}

/** A name that replicas of one store share and those of another do not. Credentials may differ, and do not count. */
function nameOf(store: Config['store']): string {
  const place = store.kind === 'sqlite' ? store.file : placeOf(new URL(store.url));
  return createHash('sha256').update(place).digest('hex').slice(0, 16);
}

function placeOf({ hostname, port, pathname }: URL): string {
  return `${hostname}:${port || '5432'}${pathname}`;
}
