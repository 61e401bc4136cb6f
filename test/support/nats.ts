/** A real NATS server for tests, on loopback. It has to be on the machine; npm has none. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A NATS server that runs. */
export interface RunningNats {
  readonly url: string;
  /** Of its process. */
  readonly pid: number;
  /** Ends it at once. */
  kill(): Promise<void>;
  /** Starts it again at the same address. */
  start(): Promise<void>;
  /** Ends it for good. Safe to call again. */
  stop(): Promise<void>;
}

/** Starts `nats-server` with a user and password. Throws TypeError with what to do where there is none. */
export async function startNats(): Promise<RunningNats> {
  const folder = await mkdtemp(join(tmpdir(), 'gateward-nats-'));
  let port = -1;
  let pid = 0;
  let end: (() => Promise<void>) | undefined;

  const start = async (): Promise<void> => {
    const ports = await mkdtemp(join(folder, 'ports-'));
    const flags = ['-a', '127.0.0.1', '-p', String(port), '--user', 'gateward', '--pass', 's3cret-word'];
    const server = spawn('nats-server', [...flags, '--ports_file_dir', ports], { stdio: 'ignore' });
    const ended = once(server, 'exit').catch(() => undefined);
    const onExit = (): void => void server.kill('SIGKILL');
    process.on('exit', onExit);
    end = async () => {
      process.off('exit', onExit);
      server.kill('SIGKILL');
      await ended;
    };
    await once(server, 'spawn').catch(() => {
      throw new TypeError(
        'No nats-server to test with. Install it, for example with: apt-get install nats-server',
      );
    });
    pid = server.pid ?? 0;
    port = await readPort(join(ports, `nats-server_${server.pid}.ports`));
  };
  const kill = async (): Promise<void> => {
    await end?.();
    end = undefined;
  };
  try {
    await start();
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    url: `nats://gateward:s3cret-word@127.0.0.1:${port}`,
    get pid() {
      return pid;
    },
    kill,
    start,
    stop: async () => {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function readPort(file: string): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const found = /nats:\/\/[^"]*:(\d+)/.exec(text)?.[1];
    if (found !== undefined) return Number(found);
    await sleep(50);
  }
  throw new TypeError('nats-server did not start');
}
