/**
 * Where the gateway spends its time under the load of the benchmark: runs it under `--cpu-prof` and prints the
 * functions with the most self time, and the sum for each package or folder. `node bench/profile.ts --help`.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startPostgres } from '../test/support/postgres.ts';
import { killAll } from './children.ts';
import { measure } from './measure.ts';
import { modernCall, modernList, modernStreamCall, type Target, type Template } from './requests.ts';
import { prepareSessions } from './scenarios/legacy.ts';
import { creation, pollOf, taskOptions } from './scenarios/tasks.ts';
import { type GatewayOptions, type Running, startBare, startGateway, startUpstream } from './targets.ts';

/** A `.cpuprofile`, as far as it is read here (Chrome DevTools Protocol, `Profiler.Profile`). */
interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

interface Load {
  readonly path: string;
  /** What the gateway is given. */
  options(upstream: Running): GatewayOptions;
  prepare(target: Target): readonly Template[] | Promise<readonly Template[]>;
}

const up = { path: '/servers/up/mcp', options: (): GatewayOptions => ({ names: ['up'] }) };
const loads: Record<string, Load> = {
  call: { ...up, prepare: (target) => [modernCall(target)] },
  list: { ...up, prepare: (target) => [modernList(target)] },
  stream: { ...up, prepare: (target) => [modernStreamCall(target)] },
  legacy: {
    path: '/servers/legacy/mcp',
    options: () => ({ names: ['legacy'] }),
    prepare: (target) => prepareSessions(target, 50),
  },
  'task-create': { ...creation, options: taskOptions },
  'task-poll': { ...pollOf('/servers/held/mcp', 'working'), options: taskOptions },
};

const help = `Usage: node bench/profile.ts [options]

  --load NAME      what to send: ${Object.keys(loads).join(', ')} (default call)
  --target NAME    gateway or bare (default gateway)
  --store NAME     embedded or postgres (default embedded)
  --seconds N      how long (default 10)
  --top N          functions to print (default 40)
  --out FILE       keep the profile, for the developer tools of a browser`;

const { values: options } = parseArgs({
  options: {
    load: { type: 'string', default: 'call' },
    target: { type: 'string', default: 'gateway' },
    store: { type: 'string', default: 'embedded' },
    seconds: { type: 'string', default: '10' },
    top: { type: 'string', default: '40' },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** A store that is no file needs a secret of its own. */
const secret = { GATEWARD_SECRET: randomBytes(32).toString('base64url') };

/** Names a function by its file from the last telling folder on, so that lines stay short. */
function nameFunction({ callFrame }: ProfileNode): { name: string; group: string } {
  const { functionName, url, lineNumber } = callFrame;
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return { name, group: name.startsWith('(') ? name : '(native)' };
  const file = url
    .replace(/^file:\/\//, '')
    .replace(/^.*\/node_modules\//, '')
    .replace(/^.*\/(?=(dist|bench)\/)/, '');
  const [first = '', second = ''] = file.split('/');
  const group = url.startsWith('node:')
    ? url.split('/').slice(0, 2).join('/')
    : first === 'dist'
      ? `dist/${second}`
      : first;
  return { name: `${name}  ${file}:${lineNumber + 1}`, group };
}

function add(sums: Map<string, number>, key: string, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value);
}

/** Self time in microseconds by function and by group, idle time left out. */
function sumSelfTime(profile: Profile): {
  functions: Map<string, number>;
  groups: Map<string, number>;
  total: number;
} {
  const nodes = new Map(profile.nodes.map((node) => [node.id, nameFunction(node)]));
  const functions = new Map<string, number>();
  const groups = new Map<string, number>();
  let total = 0;
  for (const [i, id] of profile.samples.entries()) {
    const node = nodes.get(id);
    const delta = profile.timeDeltas[i] ?? 0;
    if (node === undefined || node.name === '(idle)') continue;
    add(functions, node.name, delta);
    add(groups, node.group, delta);
    total += delta;
  }
  return { functions, groups, total };
}

function printSums(
  title: string,
  sums: Map<string, number>,
  scale: { total: number; calls: number; top: number },
): void {
  console.log(`\n${title}\n  share  µs per call`);
  const sorted = [...sums].sort(([, a], [, b]) => b - a).slice(0, scale.top);
  for (const [name, us] of sorted) {
    const share = `${((us / scale.total) * 100).toFixed(1)}%`;
    console.log(`  ${share.padStart(5)}  ${(us / scale.calls).toFixed(2).padStart(6)}  ${name}`);
  }
}

/** The profile of the process that did the work: the largest one, if there are several. */
function readProfile(folder: string): string {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => join(folder, name));
  const [largest] = files.sort((a, b) => statSync(b).size - statSync(a).size);
  if (largest === undefined) throw new TypeError('no profile was written: the process did not end by itself');
  return readFileSync(largest, 'utf8');
}

async function runLoad(running: Running, load: Load, folder: string): Promise<number> {
  const templates = await load.prepare({ port: running.port, path: load.path });
  const seconds = Number(options.seconds);
  const sample = await measure(
    { port: running.port, templates, connections: 50, seconds },
    running.pid,
    folder,
  );
  console.log(
    `${running.name}, ${options.load}: ${sample.rate.toFixed(0)} calls/s, ${sample.cpuUs.toFixed(1)} µs of CPU per call (profiler included)`,
  );
  return sample.rate * seconds;
}

async function main(): Promise<void> {
  const load = loads[options.load];
  if (options.help || load === undefined) {
    console.log(help);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'gateward-profile-'));
  process.once('exit', () => {
    killAll();
    rmSync(folder, { recursive: true, force: true });
  });
  const upstream = await startUpstream(folder);
  const postgres = options.store === 'postgres' ? await startPostgres() : undefined;
  const store = postgres === undefined ? {} : { store: postgres.url, env: secret };
  const nodeArgs = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=500'];
  const running =
    options.target === 'bare'
      ? await startBare(folder, upstream, nodeArgs)
      : await startGateway(folder, upstream, { ...load.options(upstream), ...store, nodeArgs });
  const calls = await runLoad(running, load, folder);
  await running.stop();
  await postgres?.stop();
  const text = readProfile(folder);
  if (options.out !== undefined) writeFileSync(options.out, text);
  const profile: Profile = JSON.parse(text);
  const { functions, groups, total } = sumSelfTime(profile);
  printSums('By package or folder', groups, { total, calls, top: 20 });
  printSums('By function, self time', functions, { total, calls, top: Number(options.top) });
}

await main();
process.exit(0);
