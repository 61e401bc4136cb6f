// Run by hand: node test/package/serve-call-stop.ts '["PROGRAM","ARGUMENT"]'
//   starts the gateway that the JSON array names, with a configuration of its own, calls one tool and stops it.
//   With --quick-start the command is run as it is, and has to listen where the quick start does.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { findFreePort } from '../support/free-port.ts';

const READY_WITHIN_MS = 60_000;
const STOPPED_WITHIN_MS = 30_000;

/** Where the configuration of the quick start listens. */
const QUICK_START = 'http://127.0.0.1:3232';

/**
 * Starts an installed gateway in front of server-everything, calls one tool through it, and stops it.
 * `command` is the gateway's program with its first arguments. Rejects with the gateway's output if it fails.
 */
export async function serveCallStop(command: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'gateward-serve-'));
  try {
    const port = await findFreePort();
    const config = join(folder, 'gateward.yaml');
    writeFileSync(config, JSON.stringify(configFor(port)));
    await startCallStop([...command, 'serve', '--config', config], `http://127.0.0.1:${port}`, terminate);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs a command that serves an upstream `everything` at `base`, calls its tool `echo`, and stops it as `stop` does.
 * Nothing that it started may be left.
 */
async function startCallStop(command: readonly string[], base: string, stop: Stop): Promise<void> {
  assert(!(await isReady(base)), `something else answers at ${base} already: stop it first`);
  const [program = '', ...args] = command;
  // In a process group of its own, as a terminal runs what is typed into it.
  const gateway = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const output = collect(gateway);
  let family: number[] = [];
  try {
    await becomeReady(gateway, base, output);
    assert.deepEqual(await callEcho(base), [{ type: 'text', text: 'Echo: hello' }]);

    family = familyOf(gateway.pid);
    const closed = once(gateway, 'close', { signal: AbortSignal.timeout(STOPPED_WITHIN_MS) });
    stop(gateway);
    const [code] = await closed.catch(() => ['not ended']);
    // npm has exit codes of its own for a script that was interrupted.
    if (stop === terminate) assert.equal(code, 0, `the gateway did not end well:\n${output()}`);
    assert.deepEqual(family.filter(isRunning), [], `it left processes:\n${output()}`);
  } finally {
    for (const pid of [...new Set([...family, ...familyOf(gateway.pid)])].filter(isRunning))
      process.kill(pid, 'SIGKILL');
  }
}

type Stop = (gateway: ChildProcess) => void;

/** What a supervisor does. */
const terminate: Stop = (gateway) => gateway.kill('SIGTERM');

/** What Ctrl-C does: everything that the terminal runs in front gets the signal. */
const interrupt: Stop = ({ pid }) => {
  if (pid !== undefined) process.kill(-pid, 'SIGINT');
};

/** YAML takes JSON as it is. */
function configFor(port: number): object {
  const everything = createRequire(import.meta.url).resolve(
    '@modelcontextprotocol/server-everything/dist/index.js',
  );
  return {
    listen: { host: '127.0.0.1', port },
    dataDir: './data',
    launch: { folders: [dirname(everything)], programs: [process.execPath] },
    upstreams: { everything: { command: process.execPath, args: [everything, 'stdio'] } },
  };
}

function collect(gateway: ChildProcess): () => string {
  let text = '';
  for (const stream of [gateway.stdout, gateway.stderr]) {
    stream?.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
  }
  return () => text;
}

async function becomeReady(gateway: ChildProcess, base: string, output: () => string): Promise<void> {
  const end = Date.now() + READY_WITHIN_MS;
  while (!(await isReady(base))) {
    assert.equal(gateway.exitCode, null, `the gateway ended before it was ready:\n${output()}`);
    assert(Date.now() < end, `the gateway was not ready within ${READY_WITHIN_MS} ms:\n${output()}`);
    await sleep(100);
  }
}

async function isReady(base: string): Promise<boolean> {
  try {
    return (await fetch(`${base}/readyz`)).ok;
  } catch {
    return false;
  }
}

async function callEcho(base: string): Promise<unknown> {
  const client = new Client({ name: 'package-test', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${base}/servers/everything/mcp`)));
  try {
    const { content } = await client.callTool({ name: 'echo', arguments: { message: 'hello' } });
    return content;
  } finally {
    await client.close();
  }
}

/** A process and those below it, where the system tells (Linux). */
function familyOf(pid: number | undefined): number[] {
  if (pid === undefined || !existsSync('/proc/self/stat')) return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const children = pids.filter((child) => statOf(child)?.parent === pid).map(Number);
  return [pid, ...children.flatMap(familyOf)];
}

/** Zombies are not running: they wait for whoever adopted them. */
function isRunning(pid: number): boolean {
  const stat = statOf(String(pid));
  return stat !== undefined && stat.state !== 'Z';
}

function statOf(pid: string): { readonly state: string; readonly parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [, state = '', parent = ''] = /^\d+ \(.*\) (\S) (\d+)/s.exec(text) ?? [];
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    options: { 'quick-start': { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const command: string[] = JSON.parse(positionals[0] ?? '[]');
  await (values['quick-start'] ? startCallStop(command, QUICK_START, interrupt) : serveCallStop(command));
  console.log('started, called, stopped');
}
