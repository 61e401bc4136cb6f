import { afterEach, expect, it } from 'vitest';
import { askModern, errorOf, type Json, listen } from '../../support/front-door.ts';
import { startGateway } from '../../support/gateway.ts';
import { type ChangingServer, startChanging, usualOffers } from './changing-server.ts';

const NOT_APPROVED = 1030;
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server whose first resource and first template are changed, and so held. */
async function setUp(): Promise<{ upstream: ChangingServer; url: string }> {
  const upstream = await startChanging('modern');
  closing.push(() => upstream.close());
  const gateway = await startGateway({
    configText: JSON.stringify({
      listen: { port: 0 },
      pins: { mode: 'enforce', firstSight: 'approve' },
      guard: { definitions: 'off' },
      upstreams: { up: { url: upstream.url } },
    }),
  });
  closing.push(() => gateway.stop());
  const url = `${gateway.url}/servers/up/mcp`;
  const lists = ['resources/list', 'resources/templates/list'];
  for (const list of lists) await askModern(url, list);
  const [one, ...resources] = usualOffers().resources;
  const [note, ...templates] = usualOffers().resourceTemplates;
  upstream.offers.resources = [{ ...one, description: 'Changed.' }, ...resources];
  upstream.offers.resourceTemplates = [{ ...note, description: 'Changed.' }, ...templates];
  for (const list of lists) await askModern(url, list);
  return { upstream, url };
}

const read = async (url: string, uri: string): Promise<Json> =>
  (await askModern(url, 'resources/read', { params: { uri } })).message;
const complete = async (url: string, uri: string): Promise<Json> => {
  const params = { ref: { type: 'ref/resource', uri }, argument: { name: 'id', value: '1' } };
  return (await askModern(url, 'completion/complete', { params })).message;
};

it('a resource that only a held template covers cannot be read', async () => {
  const { upstream, url } = await setUp();
  expect(errorOf(await read(url, 'note:///1')).code).toBe(NOT_APPROVED);
  for (const uri of ['spare:///1', 'file:///two.txt', 'file:///unlisted.txt']) {
    expect(await read(url, uri)).toHaveProperty('result');
  }
  expect(upstream.used).not.toContain('note:///1');
});

it('a held resource cannot be completed', async () => {
  const { upstream, url } = await setUp();
  expect(errorOf(await complete(url, 'file:///one.txt')).code).toBe(NOT_APPROVED);
  expect(upstream.used).toEqual([]);
  expect(await complete(url, 'spare:///{id}')).toHaveProperty('result');
});

it('a held resource cannot be subscribed to', async () => {
  const { url } = await setUp();
  const stream = await listen(url, { resourceSubscriptions: ['file:///one.txt', 'file:///two.txt'] });
  closing.push(() => stream.close());
  const acknowledged = 'notifications/subscriptions/acknowledged';
  await expect.poll(() => stream.of(acknowledged)).toHaveLength(1);
  expect(JSON.stringify(stream.of(acknowledged))).toContain('file:///two.txt');
  expect(JSON.stringify(stream.of(acknowledged))).not.toContain('file:///one.txt');
});
