import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askModern, errorOf, type Json, LegacySession, resultOf } from '../../support/front-door.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { type ChangingServer, startChanging, usualOffers } from './changing-server.ts';

const ERAS = ['modern', 'legacy'] as const;
type Era = (typeof ERAS)[number];
const NOT_APPROVED = 1030;

let gateway: RunningGateway;
const upstreams = {} as Record<Era, ChangingServer>;

beforeAll(async () => {
  for (const era of ERAS) upstreams[era] = await startChanging(era);
  gateway = await startGateway({
    configText: JSON.stringify({
      listen: { port: 0 },
      pins: { mode: 'enforce', firstSight: 'approve' },
      guard: { definitions: 'off' },
      upstreams: { modern: { url: upstreams.modern.url }, legacy: { url: upstreams.legacy.url } },
    }),
  });
});
afterAll(async () => {
  await gateway?.stop();
  await Promise.all(Object.values(upstreams).map((server) => server.close()));
});

/** How a thing is listed and used. */
const KINDS = {
  tools: { list: 'tools/list', key: 'name', first: 'find', second: 'other', use: 'tools/call' },
  prompts: { list: 'prompts/list', key: 'name', first: 'ask', second: 'spare', use: 'prompts/get' },
  resources: {
    list: 'resources/list',
    key: 'uri',
    first: 'file:///one.txt',
    second: 'file:///two.txt',
    use: 'resources/read',
  },
  resourceTemplates: {
    list: 'resources/templates/list',
    key: 'uriTemplate',
    first: 'note:///{id}',
    second: 'spare:///{id}',
    use: 'completion/complete',
  },
} as const;
type Kind = keyof typeof KINDS;

/** Changes one thing of an item. */
type Mutate = (item: Json) => Json;
const set =
  (key: string, value: unknown): Mutate =>
  (item) => ({ ...item, [key]: value });
const drop =
  (key: string): Mutate =>
  ({ [key]: _, ...item }) =>
    item;
/** Sets a member deep inside. */
const deep = (path: string, value: unknown): Mutate => {
  const [key = '', ...rest] = path.split('/');
  const change = (before: unknown): unknown => {
    if (rest.length === 0) return value;
    const inner = deep(rest.join('/'), value)(before as Json);
    return Array.isArray(before) ? Object.values(inner) : inner;
  };
  return (item) => ({ ...item, [key]: change(item[key]) });
};

const TEXTS: [string, Mutate][] = [
  ['title', set('title', 'Another')],
  ['title gone', drop('title')],
  ['description', set('description', 'Finds files, and more.')],
  ['description gone', drop('description')],
  ['description by one space', (item) => ({ ...item, description: `${String(item['description'])} ` })],
  ['_meta added', set('_meta', { 'com.example/new': true })],
  ['icons added', set('icons', [{ src: 'https://example.com/new.png' }])],
  ['an unknown field', set('x-unknown', 'new')],
];
const MUTATIONS: Record<Kind, [string, Mutate][]> = {
  tools: [
    ...TEXTS,
    ['inputSchema type of a property', deep('inputSchema/properties/where/properties/path/type', 'number')],
    ['inputSchema default', deep('inputSchema/properties/where/properties/path/default', '/etc')],
    ['inputSchema enum', deep('inputSchema/properties/where/properties/path/enum', ['/etc'])],
    ['inputSchema description', deep('inputSchema/properties/where/properties/path/description', 'x')],
    ['inputSchema property', deep('inputSchema/properties/where/properties/more', {})],
    ['inputSchema required', deep('inputSchema/required', [])],
    ['inputSchema x-mcp-header', deep('inputSchema/properties/where/properties/path/x-mcp-header', 'Path')],
    ['inputSchema $comment', deep('inputSchema/$comment', 'x')],
    ['outputSchema', deep('outputSchema/properties/paths/items/type', 'number')],
    ['outputSchema gone', drop('outputSchema')],
    ['annotations.title', deep('annotations/title', 'Other')],
    ['annotations.readOnlyHint', deep('annotations/readOnlyHint', false)],
    ['annotations.destructiveHint', deep('annotations/destructiveHint', true)],
    ['annotations.idempotentHint', deep('annotations/idempotentHint', true)],
    ['annotations.openWorldHint', deep('annotations/openWorldHint', true)],
    ['annotations of its own', deep('annotations/own', 'x')],
    ['_meta value', deep('_meta/com.example~order', 2)],
    ['icons src', deep('icons/0/src', 'https://example.com/other.png')],
    ['icons sizes', deep('icons/0/sizes', ['96x96'])],
    ['icons theme', deep('icons/0/theme', 'dark')],
    ['execution', set('execution', { taskSupport: 'required' })],
    ['an unknown field inside', deep('x-vendor/kept', false)],
    ['a number that JavaScript rounds', deep('x-vendor/kept', 1.5)],
  ],
  prompts: [
    ...TEXTS,
    ['argument name', deep('arguments/0/name', 'subject')],
    ['argument title', deep('arguments/0/title', 'Topic')],
    ['argument description', deep('arguments/0/description', 'x')],
    ['argument required', deep('arguments/0/required', false)],
    ['another argument', set('arguments', [])],
  ],
  resources: [
    ...TEXTS,
    ['name', set('name', 'other')],
    ['mimeType', set('mimeType', 'text/html')],
    ['size', set('size', 11)],
    ['annotations.audience', deep('annotations/audience', ['assistant'])],
    ['annotations.priority', deep('annotations/priority', 1)],
    ['annotations.lastModified', deep('annotations/lastModified', '2026-01-01T00:00:00Z')],
  ],
  resourceTemplates: [
    ...TEXTS,
    ['name', set('name', 'other')],
    ['mimeType', set('mimeType', 'text/html')],
    ['annotations', set('annotations', { priority: 1 })],
  ],
};

const urlOf = (era: Era): string => `${gateway.url}/servers/${era}/mcp`;

/** Changes a list. Lists of legacy upstreams are kept until they say that one changed; a modern one says nothing here. */
function offer(era: Era, kind: Kind, items: Json[]): void {
  upstreams[era].offers[kind] = items;
  if (era === 'legacy') upstreams[era].announce(kind === 'resourceTemplates' ? 'resources' : kind);
}

async function keysOf(era: Era, kind: Kind): Promise<unknown[]> {
  const { list, key } = KINDS[kind];
  const result = resultOf((await askModern(urlOf(era), list)).message);
  return (result[kind] as Json[]).map((item) => item[key]);
}

function useOf(kind: Kind, name: string): Json {
  if (kind === 'resourceTemplates') {
    return { ref: { type: 'ref/resource', uri: name }, argument: { name: 'id', value: '1' } };
  }
  return kind === 'resources' ? { uri: name } : { name, arguments: {} };
}

async function use(era: Era, kind: Kind, name: string): Promise<Json> {
  return (await askModern(urlOf(era), KINDS[kind].use, { params: useOf(kind, name) })).message;
}

/** The same JSON with its keys the other way round. */
function reverse(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reverse);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reverse(member)]),
  );
}

const cases = ERAS.flatMap((era) =>
  (Object.keys(KINDS) as Kind[]).flatMap((kind) =>
    MUTATIONS[kind].map(([what, mutate]) => [era, kind, what, mutate] as const),
  ),
);

describe('a definition that was approved', () => {
  beforeAll(async () => {
    for (const era of ERAS) {
      for (const kind of Object.keys(KINDS) as Kind[]) {
        const { first, second } = KINDS[kind];
        expect(await keysOf(era, kind)).toEqual([first, second]);
        expect(await use(era, kind, first)).toHaveProperty('result');
      }
    }
  });

  it.each(cases)('of a %s upstream, in %s, is held when this changes: %s', async (era, kind, _, mutate) => {
    const upstream = upstreams[era];
    const { first, second, use: method } = KINDS[kind];
    const [before, ...others] = usualOffers()[kind];
    const changed = mutate(before ?? {});
    expect(changed).not.toEqual(before);
    offer(era, kind, [changed, ...others]);
    await expect.poll(() => keysOf(era, kind)).toEqual([second]);
    const arrived = upstream.asked(method);
    expect(errorOf(await use(era, kind, first)).code).toBe(NOT_APPROVED);
    expect(upstream.asked(method)).toBe(arrived);
    expect(await use(era, kind, second)).toHaveProperty('result');
    offer(era, kind, usualOffers()[kind]);
    await expect.poll(() => keysOf(era, kind)).toEqual([first, second]);
    expect(await use(era, kind, first)).toHaveProperty('result');
  });

  it.each(ERAS)('of a %s upstream is not held when its keys stand in another order', async (era) => {
    for (const kind of Object.keys(KINDS) as Kind[]) {
      const { first, second, list } = KINDS[kind];
      const reversed = usualOffers()[kind].map((item) => reverse(item) as Json);
      const asked = upstreams[era].asked(list);
      offer(era, kind, reversed);
      await expect
        .poll(() => keysOf(era, kind).then(() => upstreams[era].asked(list)))
        .toBeGreaterThan(asked);
      expect(await keysOf(era, kind)).toEqual([first, second]);
      expect(await use(era, kind, first)).toHaveProperty('result');
      offer(era, kind, usualOffers()[kind]);
    }
  });

  it.each(ERAS)('of a %s upstream is held for legacy clients too', async (era) => {
    const session = await LegacySession.open(urlOf(era));
    const [before, ...others] = usualOffers().tools;
    upstreams[era].offers.tools = [{ ...before, description: 'Now it does more.' }, ...others];
    const listed = resultOf((await session.ask('tools/list')).message);
    expect(JSON.stringify(listed)).not.toContain('Now it does more');
    expect((listed['tools'] as Json[]).map(({ name }) => name)).toEqual(['other']);
    const call = { name: 'find', arguments: {} };
    expect(errorOf((await session.ask('tools/call', call)).message).code).toBe(NOT_APPROVED);
    upstreams[era].offers.tools = usualOffers().tools;
    await session.ask('tools/list');
    expect((await session.ask('tools/call', call)).message).toHaveProperty('result');
  });

  it('is held in a merged server once the change is announced', async () => {
    const names = async (): Promise<unknown[]> => {
      const listed = resultOf((await askModern(`${gateway.url}/mcp`, 'tools/list')).message);
      return (listed['tools'] as Json[]).map(({ name }) => name);
    };
    expect(await names()).toContain('modern__find');
    const [before, ...others] = usualOffers().tools;
    upstreams.modern.offers.tools = [{ ...before, title: 'Changed' }, ...others];
    upstreams.modern.announce('tools');
    await expect.poll(names).not.toContain('modern__find');
    expect(await names()).toContain('modern__other');
    const params = { name: 'modern__find', arguments: {} };
    const { message } = await askModern(`${gateway.url}/mcp`, 'tools/call', { params });
    expect(errorOf(message).code).toBe(NOT_APPROVED);
    upstreams.modern.offers.tools = usualOffers().tools;
    upstreams.modern.announce('tools');
    await expect.poll(names).toContain('modern__find');
  });

  it('of resources does not hold URIs that no list names', async () => {
    expect(await use('modern', 'resources', 'note:///7')).toHaveProperty('result');
  });
});

describe('instructions that were approved', () => {
  const instructionsOf = async (era: Era): Promise<unknown> =>
    resultOf((await askModern(urlOf(era), 'server/discover')).message)['instructions'];

  it('are left out once they are others', async () => {
    expect(await instructionsOf('modern')).toBe('Call find first.');
    upstreams.modern.offers.instructions = 'Call find twice.';
    expect(await instructionsOf('modern')).toBeUndefined();
    const session = await LegacySession.open(urlOf('modern'));
    expect(session.initialized['instructions']).toBeUndefined();
    upstreams.modern.offers.instructions = usualOffers().instructions;
    expect(await instructionsOf('modern')).toBe('Call find first.');
  });
});
