import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { startPostgres } from '../../test/support/postgres.ts';
import { callLegacy, callModern, openLegacy } from '../asking.ts';
import type { Bench, Finding, Scenario, Verdict } from '../bench.ts';
import { gatewayScript } from '../targets.ts';

const CALLS = { quick: 300, full: 2000 };
/** Statistics of PostgreSQL are written with a delay. */
const STATISTICS_MS = 2_000;
/** Transactions per call that count as none: what the replica does by itself falls into the same time. */
const NONE = 0.1;

interface Counted {
  readonly transactions: number;
  readonly inserted: number;
}

async function count(client: Client): Promise<Counted> {
  await wait(STATISTICS_MS);
  const { rows } = await client.query(
    'SELECT xact_commit::int AS transactions, tup_inserted::int AS inserted FROM pg_stat_database WHERE datname = current_database()',
  );
  return rows[0];
}

/** What a number of calls, and the replica by itself meanwhile, did to the database. */
async function measure(client: Client, run: () => Promise<void>): Promise<Counted & { readonly ms: number }> {
  const before = await count(client);
  const startedMs = performance.now();
  await run();
  const after = await count(client);
  return {
    transactions: after.transactions - before.transactions,
    inserted: after.inserted - before.inserted,
    ms: performance.now() - startedMs,
  };
}

async function repeat(calls: number, call: () => Promise<void>): Promise<void> {
  for (let done = 0; done < calls; done++) await call();
}

function createKey(config: string, env: Readonly<Record<string, string>>): string {
  const args = [gatewayScript, 'key', 'create', '--config', config, '--name', 'bench', '--json'];
  const made = spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, ...env } });
  const { key } = JSON.parse(made.stdout);
  return String(key);
}

/** What calls that have no state ask of the store. */
export const store: Scenario = {
  name: 'store',
  async run(bench: Bench): Promise<Finding> {
    const calls = bench.settings.isQuick ? CALLS.quick : CALLS.full;
    const postgres = await startPostgres();
    const env = { GATEWARD_SECRET: randomBytes(32).toString('base64url') };
    const gateway = await bench.startGateway({
      names: ['up', 'legacy'],
      store: postgres.url,
      config: 'auth: { keys: true }\npins: { firstSight: approve }\n',
      env,
    });
    const client = new Client({ connectionString: postgres.url });
    try {
      await client.connect();
      const key = createKey(gateway.configFile ?? '', env);
      const { port } = gateway;
      const session = await openLegacy(port, '/servers/up/mcp', key);
      const modern = (): Promise<void> => callModern(port, '/servers/up/mcp', key);
      const legacy = (): Promise<void> => callLegacy(port, '/servers/up/mcp', { session, key });
      await repeat(20, modern);
      await repeat(20, legacy);
      const rest = await measure(client, () => wait(3_000));
      const rows = [
        { title: 'modern tools/call with a key', ...(await measure(client, () => repeat(calls, modern))) },
        { title: 'legacy tools/call with a key', ...(await measure(client, () => repeat(calls, legacy))) },
      ];
      // What the replica does by itself, in the time that the calls took.
      const own = (ms: number): number => (rest.transactions / rest.ms) * ms;
      const perCall = rows.map((row) => Math.max(0, row.transactions - own(row.ms)) / calls);
      const verdicts = rows.map(
        (row, index): Verdict => ({
          what: `transactions of the store for each ${row.title}`,
          bar: `none (below ${NONE})`,
          measured: `${(perCall[index] ?? 0).toFixed(3)}, ${row.inserted} rows written in ${calls} calls`,
          holds: (perCall[index] ?? 0) < NONE && row.inserted <= Math.ceil(row.ms / 1000) * 2,
          isEnforced: true,
        }),
      );
      for (const { what, measured } of verdicts) bench.print(`  ${what}: ${measured}`);
      return {
        title: 'What calls ask of the store',
        text: `PostgreSQL counts its transactions over ${calls} calls one after the other; what the replica does by itself in that time (its lease, the feed of changes, its mailbox) is taken off.`,
        tables: [
          {
            title: 'Transactions',
            head: ['', 'in all', 'by the replica itself', 'rows written', 'for each call'],
            rows: rows.map(({ title, transactions, inserted, ms }, index) => [
              title,
              String(transactions),
              own(ms).toFixed(0),
              String(inserted),
              (perCall[index] ?? 0).toFixed(3),
            ]),
          },
        ],
        verdicts,
      };
    } finally {
      await client.end().catch(() => undefined);
      await gateway.stop();
      await postgres.stop();
    }
  },
};
