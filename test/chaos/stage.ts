import { randomBytes } from 'node:crypto';
import { findFreePort } from '../support/free-port.ts';
import { startPostgres } from '../support/postgres.ts';
import { type Balancer, startBalancer } from './balancer.ts';
import { createDisturber, type Disturber } from './disturber.ts';
import { startReplica } from './replicas.ts';
import { startShakyProxy } from './shaky-proxy.ts';

const REPLICAS = 3;

/** Three replicas on PostgreSQL behind a round robin without affinity, and what disturbs them. */
export interface Stage {
  readonly balancer: Balancer;
  /** The database, past the proxies that are disturbed. */
  readonly database: string;
  readonly disturber: Disturber;
  /** Ends it all. */
  stop(): Promise<void>;
}

/** What a stage is opened with. */
export interface StageOptions {
  /** The store and the public address are added. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Milliseconds between one disturbance and the next. */
  readonly pauseMs: number;
  /** Whether the end of what each replica logged is shown when it has stopped. */
  readonly isVerbose: boolean;
}

/** Starts the replicas. */
export async function openStage({ config, pauseMs, isVerbose }: StageOptions): Promise<Stage> {
  const postgres = await startPostgres();
  const ports = await Promise.all(Array.from({ length: REPLICAS }, findFreePort));
  const balancer = await startBalancer(ports);
  const database = new URL(await postgres.createDatabase('chaos'));
  const proxies = await Promise.all(ports.map(() => startShakyProxy(Number(database.port))));
  const secret = randomBytes(32).toString('base64url');
  const replicas = await Promise.all(
    ports.map((port, index) => {
      const store = new URL(database);
      store.port = String(proxies[index]?.port);
      const whole = { ...config, store: store.href, publicUrl: balancer.url };
      return startReplica({ port, secret, config: whole });
    }),
  );
  const disturber = createDisturber({ replicas, proxies, postgres, balancer, pauseMs });
  return {
    balancer,
    database: database.href,
    disturber,
    async stop() {
      await disturber.stop();
      const logs = await Promise.all(replicas.map((replica) => replica.stop()));
      if (isVerbose) for (const log of logs) console.log(log.split('\n').slice(-60).join('\n'));
      await balancer.stop();
      await Promise.all(proxies.map((proxy) => proxy.stop()));
      await postgres.stop();
    },
  };
}
