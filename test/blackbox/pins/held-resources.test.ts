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

/** What of these a client may subscribe to. */
async function acknowledged(url: string, ...uris: string[]): Promise<unknown> {
  const stream = await listen(url, { toolsListChanged: true, resourceSubscriptions: uris });
  closing.push(() => stream.close());
  const method = 'notifications/subscriptions/acknowledged';
  await expect.poll(() => stream.of(method)).toHaveLength(1);
  const { notifications } = Object(stream.of(method)[0]?.['params']) as { notifications: Json };
  return notifications['resourceSubscriptions'] ?? [];
}

it('a resource that only a held template covers cannot be read', async () => {
  const { upstream, url } = await setUp();
  expect(errorOf(await read(url, 'note:///1')).code).toBe(NOT_APPROVED);
  for (const uri of ['spare:///1', 'file:///two.txt', 'file:///unlisted.txt']) {
    expect(await read(url, uri)).toHaveProperty('result');
  }
  expect(upstream.used).not.toContain('note:///1');
});

const SPELLINGS = [
  'FILE:///one.txt',
  'file:///%6fne.txt',
  'file:///./one.txt',
  'file:///sub/../one.txt',
  'file:///sub%2F..%2Fone.txt',
  'file://localhost/one.txt',
  'file:///one.txt#part',
  'file:///one.txt?',
  'NOTE:///1',
  'note:///1#part',
];

it('what is held cannot be used by another spelling of its URI', async () => {
  const { upstream, url } = await setUp();
  for (const uri of SPELLINGS) {
    expect(errorOf(await read(url, uri)).code, uri).toBe(NOT_APPROVED);
    expect(errorOf(await complete(url, uri)).code, uri).toBe(NOT_APPROVED);
  }
  expect(await acknowledged(url, ...SPELLINGS)).toEqual([]);
  expect(upstream.used).toEqual([]);
});

it('a held resource cannot be completed', async () => {
  const { upstream, url } = await setUp();
  expect(errorOf(await complete(url, 'file:///one.txt')).code).toBe(NOT_APPROVED);
  expect(upstream.used).toEqual([]);
  expect(await complete(url, 'spare:///{id}')).toHaveProperty('result');
});

it('a held resource cannot be subscribed to', async () => {
  const { url } = await setUp();
  const uris = ['file:///one.txt', 'note:///1', 'file:///two.txt', 'spare:///1'];
  expect(await acknowledged(url, ...uris)).toEqual(['file:///two.txt', 'spare:///1']);
});
