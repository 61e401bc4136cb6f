import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningPostgres } from '../support/postgres.ts';
import type { Balancer } from './balancer.ts';
import type { Disturbance } from './judge.ts';
import type { Replica } from './replicas.ts';
import type { ShakyProxy } from './shaky-proxy.ts';

/** What can be disturbed. */
export interface Disturbed {
  readonly replicas: readonly Replica[];
  readonly proxies: readonly ShakyProxy[];
  readonly postgres: RunningPostgres;
  readonly balancer: Balancer;
  /** Time between one disturbance and the next. */
  readonly pauseMs: number;
}

/** Breaks one thing after the other, and remembers when. */
export interface Disturber {
  readonly disturbances: readonly Disturbance[];
  start(): void;
  /** Ends it, with every replica running. */
  stop(): Promise<void>;
  summary(): string;
}

/** What a disturbance is called that kills a replica. */
export const REPLICA_KILLED = 'replicas killed';
const DOWN_MS = 1_500;
const CUT_MS = 800;
const SLOW_MS = 2_000;
const DELAY_MS = 40;

/** Makes a disturber. Nothing happens before its start. */
export function createDisturber({ replicas, proxies, postgres, balancer, pauseMs }: Disturbed): Disturber {
  const disturbances: { what: string; from: number; to: number }[] = [];
  let going = false;
  let done: Promise<void> = Promise.resolve();
  let turn = 0;

  const disturb = async (what: string, act: () => Promise<void>): Promise<void> => {
    const one = { what, from: Date.now(), to: Number.POSITIVE_INFINITY };
    disturbances.push(one);
    await act();
    one.to = Date.now();
  };
  const kill = (): Promise<void> => {
    const replica = replicas[turn % replicas.length];
    const killed = disturb(REPLICA_KILLED, async () => {
      await replica?.kill();
    });
    // The others have to do without it: nothing waits for its return.
    return killed.then(() => sleep(DOWN_MS)).then(() => replica?.start());
  };
  const cutStore = (): Promise<void> =>
    disturb('connections to the store cut', async () => {
      proxies[turn % proxies.length]?.cut(CUT_MS);
      await sleep(CUT_MS);
    });
  const slowStore = (): Promise<void> =>
    disturb('connections to the store slowed', async () => {
      proxies[turn % proxies.length]?.slow(DELAY_MS, SLOW_MS);
      await sleep(SLOW_MS);
    });
  const restartStore = (): Promise<void> => disturb('PostgreSQL restarted', () => postgres.restart());
  const cutClients = (): Promise<void> =>
    disturb('connections of clients cut', async () => {
      balancer.cut(6);
    });
  const TURNS = [kill, cutClients, kill, restartStore, kill, slowStore, cutClients, kill, cutStore];

  const run = async (): Promise<void> => {
    while (going) {
      await sleep(pauseMs);
      if (!going) return;
      await TURNS[turn % TURNS.length]?.();
      turn++;
    }
  };
  return {
    disturbances,
    start() {
      going = true;
      done = run();
    },
    async stop() {
      going = false;
      await done;
    },
    summary: () =>
      [...Map.groupBy(disturbances, ({ what }) => what)]
        .map(([what, all]) => `${what}: ${all.length}`)
        .join(', '),
  };
}
