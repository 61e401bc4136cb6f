import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { closedPort } from '../../support/http-upstream.ts';

const READY_WITHIN_MS = 20_000;

/** The program of a reference server. */
export function referenceServer(name: 'everything' | 'filesystem' | 'memory'): string {
  return createRequire(import.meta.url).resolve(`@modelcontextprotocol/server-${name}/dist/index.js`);
}

/** A server that runs in a process of its own. */
export interface ServerProcess {
  readonly url: string;
  /** Ends it at once, as a crash would. Safe to call again. */
  kill(): Promise<void>;
}

/** Starts the everything server over HTTP, and waits until it accepts connections. */
export async function startEverything(transport: 'streamableHttp' | 'sse'): Promise<ServerProcess> {
  const port = await closedPort();
  const child = spawn(process.execPath, [referenceServer('everything'), transport], {
    env: { ...process.env, PORT: String(port) },
    stdio: 'ignore',
  });
  const server: ServerProcess = {
    url: `http://127.0.0.1:${port}/${transport === 'sse' ? 'sse' : 'mcp'}`,
    kill: async () => {
      if (hasEnded(child)) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
  const until = Date.now() + READY_WITHIN_MS;
  while (!(await accepts(port))) {
    if (hasEnded(child) || Date.now() > until) {
      await server.kill();
      throw new Error('the everything server did not start');
    }
    await sleep(50);
  }
  return server;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
