import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createLedger } from '../chaos/ledger.ts';
import { startLegacyUpstream } from '../chaos/legacy-upstream.ts';
import { startModernUpstream } from '../chaos/modern-upstream.ts';
import { EventReader } from '../support/event-reader.ts';
import { findFreePort } from '../support/free-port.ts';
import { LEGACY, LegacySession } from '../support/front-door.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** One gateway that keeps its port and its data folder over restarts. */
async function startRestartable(upstreams: object) {
  const folder = await mkdtemp(join(tmpdir(), 'gateward-restart-'));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  const configFile = join(folder, 'gateward.yaml');
  const config = { listen: { port: await findFreePort() }, dataDir: join(folder, 'data'), upstreams };
  await writeFile(configFile, JSON.stringify(config));
  let running: RunningGateway = await startGateway({ configFile });
  ends.push(() => running.stop());
  return {
    url: running.url,
    async restart(signal: NodeJS.Signals) {
      running.signal(signal);
      await running.ended;
      running = await startGateway({ configFile });
    },
  };
}

describe('a gateway that is started again', () => {
  it.each([
    ['SIGKILL', 'modern', startModernUpstream],
    ['SIGKILL', 'legacy', startLegacyUpstream],
    ['SIGTERM', 'modern', startModernUpstream],
    ['SIGTERM', 'legacy', startLegacyUpstream],
  ] as const)(
    'after %s knows its sessions, and goes on with a call to a %s upstream that waits for its user',
    async (signal, name, startUpstream) => {
      const ledger = createLedger();
      const upstream = await startUpstream(ledger);
      ends.push(() => upstream.stop());
      const gateway = await startRestartable({ [name]: { url: upstream.url } });
      // No connection outlasts the gateway that it was made to.
      const apart = { connection: 'close' };
      const url = `${gateway.url}/servers/${name}/mcp`;
      const session = await LegacySession.open(url, { elicitation: {} }, LEGACY, apart);
      const called = await session.send({
        id: 'c',
        method: 'tools/call',
        params: { name: 'book', arguments: { token: 't' } },
      });
      const reader = new EventReader(called);
      const question = await reader.message();
      expect(question?.message).toMatchObject({ method: 'elicitation/create' });
      await gateway.restart(signal);
      await reader.close().catch(() => undefined);

      const ping = await session.send({ id: 1, method: 'ping' });
      expect(await ping.json()).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
      const resumed = new EventReader(await session.get({ lastEventId: question?.id ?? '' }));
      const result = { action: 'accept', content: { seat: '7A' } };
      expect((await session.send({ id: question?.message?.['id'], result })).status).toBe(202);
      const [answer, ...more] = await resumed.rest();
      expect(more).toEqual([]);
      expect(answer).toMatchObject({ id: 'c', result: { content: [{ type: 'text' }] } });
      expect(ledger.executions('t')).toBe(1);
    },
    60_000,
  );
});
