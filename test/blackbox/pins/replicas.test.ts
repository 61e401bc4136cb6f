import { afterAll, beforeAll, expect, it } from 'vitest';
import { askModern, errorOf, type Json, listen, resultOf } from '../../support/front-door.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { type RunningPostgres, startPostgres } from '../../support/postgres.ts';
import { type ChangingServer, startChanging, usualOffers } from './changing-server.ts';
import { decide } from './decide.ts';

const SECRET = 'a-secret-of-at-least-32-characters-for-tests';
const NOT_APPROVED = 1030;

let postgres: RunningPostgres;
let upstream: ChangingServer;
let replicas: RunningGateway[];

beforeAll(async () => {
  [postgres, upstream] = await Promise.all([startPostgres(), startChanging('modern')]);
  const configText = JSON.stringify({
    listen: { port: 0 },
    store: postgres.url,
    pins: { mode: 'enforce', firstSight: 'approve' },
    upstreams: { up: { url: upstream.url } },
  });
  const env = { GATEWARD_SECRET: SECRET };
  replicas = [await startGateway({ configText, env }), await startGateway({ configText, env })];
});
afterAll(async () => {
  await Promise.all((replicas ?? []).map((replica) => replica.stop()));
  await Promise.all([upstream?.close(), postgres?.stop()]);
});

const urlOf = ({ url }: RunningGateway): string => `${url}/servers/up/mcp`;

async function names(replica: RunningGateway): Promise<unknown[]> {
  const { message } = await askModern(urlOf(replica), 'tools/list');
  return (resultOf(message)['tools'] as Json[]).map(({ name }) => name);
}

const call = async (replica: RunningGateway): Promise<Json> =>
  (await askModern(urlOf(replica), 'tools/call', { params: { name: 'find', arguments: {} } })).message;

function two(): readonly [RunningGateway, RunningGateway] {
  const [one, other] = replicas;
  if (one === undefined || other === undefined) throw new TypeError('two replicas run');
  return [one, other];
}

function change(title: string): void {
  const [before, ...others] = usualOffers().tools;
  upstream.offers.tools = [{ ...before, title }, ...others];
}

it('what is approved reaches every replica and its clients, without a restart', async () => {
  const [one, other] = two();
  for (const replica of [one, other]) {
    expect(await names(replica)).toEqual(['find', 'other']);
    expect(await call(replica)).toHaveProperty('result');
  }
  change('Second');
  for (const replica of [one, other]) {
    expect(await names(replica)).toEqual(['other']);
    expect(errorOf(await call(replica)).code).toBe(NOT_APPROVED);
  }
  const stream = await listen(urlOf(other));
  await decide('approve', one.configFile, 'up');
  await expect
    .poll(() => stream.of('notifications/tools/list_changed').length, { timeout: 5_000 })
    .toBeGreaterThan(0);
  for (const replica of [one, other]) {
    await expect.poll(() => names(replica), { timeout: 3_000 }).toEqual(['find', 'other']);
    expect(await call(replica)).toHaveProperty('result');
  }
  await stream.close();
});

it('without the store, what is approved goes on and what is new is held', async () => {
  const [one] = two();
  upstream.offers.tools = usualOffers().tools;
  expect(await names(one)).toEqual(['find', 'other']);
  await postgres.stop();
  expect(await call(one)).toHaveProperty('result');
  change('Third');
  expect(await names(one)).toEqual(['other']);
  expect(errorOf(await call(one)).code).toBe(NOT_APPROVED);
  upstream.offers.tools = usualOffers().tools;
  expect(await names(one)).toEqual(['find', 'other']);
  expect(await call(one)).toHaveProperty('result');
});
