/**
 * Measures what wakes replicas: `node bench/bus.ts [--seconds N] [--replicas 3,10,50] [--rates 100,1000]`. Each replica has
 * a connection of its own; wake-ups go from one to another, as those of mailboxes do. All replicas live in this process, so its share of
 * the processor is told too: a fleet has that on as many machines. NATS is left out where `nats-server` is not installed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createNatsBus } from '../src/store/bus/nats-bus.ts';
import { createPostgresBus } from '../src/store/bus/postgres-bus.ts';
import type { Bus } from '../src/store/store.ts';
import { startNats } from '../test/support/nats.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { readCpuSeconds } from './proc.ts';
import { percentile } from './stats.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    replicas: { type: 'string', default: '3,10,50' },
    rates: { type: 'string', default: '100,1000,2000,5000,10000,20000,40000' },
  },
});
const seconds = Number(options.seconds);
const sizes = options.replicas.split(',').map(Number);
const rates = options.rates.split(',').map(Number);
const tickMs = 2;
/** A rate counts as carried while nearly all arrive, and 99 of 100 within this time. */
const carriedMs = 100;

const log = { debug: ignore, info: ignore, warn: console.warn, error: console.error };

/** What carries wake-ups. */
interface Carrier {
  readonly name: string;
  connect(): Promise<Bus>;
  processes(): Promise<readonly number[]>;
  stop(): Promise<void>;
}

interface Result {
  readonly sent: number;
  readonly arrived: number;
  readonly p50: number;
  readonly p99: number;
  /** Microseconds of processor time for each wake-up. */
  readonly serverMicros: number;
  readonly replicaMicros: number;
}

async function postgresCarrier(): Promise<Carrier> {
  const postgres = await startPostgres();
  return {
    name: 'PostgreSQL',
    connect: () => createPostgresBus({ url: postgres.url, log }),
    processes: postgres.processes,
    stop: postgres.stop,
  };
}

async function natsCarrier(): Promise<Carrier | undefined> {
  const nats = await startNats().catch(() => undefined);
  return (
    nats && {
      name: 'NATS',
      connect: () => createNatsBus({ url: nats.url, prefix: 'bench', log }),
      processes: async () => [nats.pid],
      stop: nats.stop,
    }
  );
}

function cpuOf(processes: readonly number[]): number {
  return processes.map(readCpuSeconds).reduce((sum, one) => sum + one, 0);
}

/** Publishes at a steady rate, and looks what arrives and when. */
async function measure(carrier: Carrier, buses: readonly Bus[], rate: number): Promise<Result> {
  const latencies: number[] = [];
  const ends = buses.map((bus, n) =>
    bus.subscribe(`mail ${n}`, (text) => latencies.push(performance.now() - Number(text))),
  );
  await sleep(200);
  const processes = await carrier.processes();
  const before = { server: cpuOf(processes), own: process.cpuUsage() };
  const start = performance.now();
  let sent = 0;
  for (let now = start; now - start < seconds * 1_000; now = performance.now()) {
    const due = Math.min(Math.floor(((now - start) / 1_000) * rate), sent + rate);
    for (; sent < due; sent += 1) {
      const from = sent % buses.length;
      const to = (from + 1 + Math.floor(Math.random() * (buses.length - 1))) % buses.length;
      buses[from]?.publish(`mail ${to}`, String(performance.now()));
    }
    await sleep(tickMs);
  }
  await sleep(1_000);
  const own = process.cpuUsage(before.own);
  const server = cpuOf(processes) - before.server;
  for (const end of ends) end();
  latencies.sort((a, b) => a - b);
  return {
    sent,
    arrived: latencies.length,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    serverMicros: (server / sent) * 1e6,
    replicaMicros: (own.user + own.system) / sent,
  };
}

function print(name: string, replicas: number | string, cells: readonly string[]): void {
  const row = [name.padEnd(10), String(replicas).padStart(8), ...cells.map((cell) => cell.padStart(13))];
  console.log(`| ${row.join(' | ')} |`);
}

async function run(carrier: Carrier): Promise<void> {
  for (const size of sizes) {
    const buses = await Promise.all(Array.from({ length: size }, () => carrier.connect()));
    for (const rate of rates) {
      const result = await measure(carrier, buses, rate);
      const { sent, arrived, p50, p99, serverMicros, replicaMicros } = result;
      const isCarried = arrived >= sent * 0.99 && p99 <= carriedMs && sent >= rate * seconds * 0.9;
      print(carrier.name, size, [
        String(rate),
        `${((arrived / sent) * 100).toFixed(1)} %`,
        p50.toFixed(1),
        p99.toFixed(1),
        serverMicros.toFixed(0),
        replicaMicros.toFixed(0),
        isCarried ? 'yes' : 'no',
      ]);
      if (!isCarried) break;
    }
    await Promise.all(buses.map((bus) => bus.close()));
  }
}

print('bus', 'replicas', [
  'wake-ups/s',
  'arrived',
  'p50 ms',
  'p99 ms',
  'server µs',
  'replicas µs',
  'carried',
]);
print('---', '---', ['---', '---', '---', '---', '---', '---', '---']);
for (const start of [postgresCarrier, natsCarrier]) {
  const carrier = await start();
  if (carrier === undefined) {
    console.log('NATS is left out: nats-server is not installed.');
    continue;
  }
  await run(carrier).finally(() => carrier.stop());
}

function ignore(): void {}
