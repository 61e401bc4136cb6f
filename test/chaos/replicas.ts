import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningGateway, startGateway } from '../support/gateway.ts';

/** One replica: it can be killed and started again on its port. */
export interface Replica {
  readonly port: number;
  readonly running: boolean;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it in an orderly way. Gives what it logged. */
  stop(): Promise<string>;
}

/** What a replica is configured with beside its port. */
export interface ReplicaOptions {
  readonly port: number;
  readonly config: Readonly<Record<string, unknown>>;
  readonly secret: string;
}

/** Starts one replica. */
export async function startReplica({ port, config, secret }: ReplicaOptions): Promise<Replica> {
  const folder = await mkdtemp(join(tmpdir(), 'gateward-replica-'));
  const configFile = join(folder, 'gateward.yaml');
  await writeFile(configFile, JSON.stringify({ ...config, listen: { port } }));
  const logs: string[] = [];
  let gateway: RunningGateway | undefined;
  const start = async (): Promise<void> => {
    gateway = await startGateway({ configFile, env: { GATEWARD_SECRET: secret } });
  };
  const end = async (): Promise<void> => {
    const ending = gateway;
    gateway = undefined;
    if (ending === undefined) return;
    await ending.ended;
    logs.push(ending.stderr());
  };
  await start();
  return {
    port,
    get running() {
      return gateway !== undefined;
    },
    start,
    async kill() {
      gateway?.signal('SIGKILL');
      await end();
    },
    async stop() {
      gateway?.signal('SIGTERM');
      await end();
      await rm(folder, { recursive: true, force: true });
      return logs.join('');
    },
  };
}
