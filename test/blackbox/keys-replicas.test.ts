import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Answered, askModern, errorOf } from '../support/front-door.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { createKey, runGateward } from '../support/keys.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { type ScriptedServer, startScripted, text } from '../support/scripted-server.ts';

const SECRET = 'a-secret-of-at-least-32-characters-for-tests';

let postgres: RunningPostgres;
let upstream: ScriptedServer;
let replicas: RunningGateway[];

beforeAll(async () => {
  [postgres, upstream] = await Promise.all([
    startPostgres(),
    startScripted({ name: 'good', tools: { echo: () => text('here') } }),
  ]);
  const configText = JSON.stringify({
    listen: { port: 0 },
    store: postgres.url,
    auth: { keys: true },
    pins: { mode: 'warn' },
    upstreams: { good: { url: upstream.url } },
  });
  const env = { GATEWARD_SECRET: SECRET };
  replicas = await Promise.all([startGateway({ configText, env }), startGateway({ configText, env })]);
});
afterAll(async () => {
  await Promise.all((replicas ?? []).map((replica) => replica.stop()));
  await Promise.all([upstream?.close(), postgres?.stop()]);
});

it('a key that is revoked is refused at every replica within a second, while it is in use', async () => {
  const [first] = replicas;
  if (first === undefined) throw new TypeError('no replica runs');
  const key = await createKey(first.configFile, 'ann');
  const echo = ({ url }: RunningGateway): Promise<Answered> =>
    askModern(`${url}/servers/good/mcp`, 'tools/call', {
      params: { name: 'echo', arguments: {} },
      headers: key.headers,
    });
  for (const replica of replicas) expect((await echo(replica)).status).toBe(200);
  const revoked = await runGateward(['key', 'revoke', key.id, '--config', first.configFile]);
  expect(revoked.code).toBe(0);
  await wait(1_000);
  for (const replica of replicas) {
    const { status, message } = await echo(replica);
    expect([status, errorOf(message).code]).toEqual([401, 1021]);
  }
});
