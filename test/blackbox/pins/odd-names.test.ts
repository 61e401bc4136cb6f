import { afterEach, describe, expect, it } from 'vitest';
import { askModern, errorOf, type Json, LegacySession } from '../../support/front-door.ts';
import { startGateway } from '../../support/gateway.ts';
import { type ChangingServer, startChanging, usualOffers } from './changing-server.ts';

const INVALID_PARAMS = -32_602;
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const completing = (ref: Json): Json => ({ ref, argument: { name: 'topic', value: '' } });

/** The first of the things of each kind, named so that a careless upstream still finds it. */
const ODD: readonly (readonly [string, Json])[] = [
  ['tools/call', { name: ['find'], arguments: {} }],
  ['tools/call', { name: null, arguments: {} }],
  ['tools/call', { arguments: {} }],
  ['prompts/get', { name: ['ask'] }],
  ['resources/read', { uri: ['file:///one.txt'] }],
  ['completion/complete', completing({ type: 'ref/prompt', name: ['ask'] })],
  ['completion/complete', completing({ type: 'ref/prompt', uri: 'file:///two.txt' })],
  ['completion/complete', completing({ type: ['ref/prompt'], name: 'ask', uri: 'file:///two.txt' })],
  ['completion/complete', completing({ type: 'ref/resource', name: 'ask' })],
  ['completion/complete', completing({ type: 'ref/resource', uri: ['note:///{id}'] })],
];

interface Servers {
  readonly upstream: ChangingServer;
  /** Shows all of the upstream. */
  readonly whole: string;
  /** Shows nothing but what comes second of each kind. */
  readonly part: string;
}

async function setUp(era: 'modern' | 'legacy'): Promise<Servers> {
  const upstream = await startChanging(era);
  closing.push(() => upstream.close());
  const gateway = await startGateway({
    configText: JSON.stringify({
      listen: { port: 0 },
      pins: { mode: 'enforce', firstSight: 'approve' },
      guard: { definitions: 'off' },
      upstreams: { up: { url: upstream.url } },
      servers: {
        part: { from: { up: { tools: ['other'], prompts: ['spare'], resources: ['spare:*'] } } },
      },
    }),
  });
  closing.push(() => gateway.stop());
  return { upstream, whole: `${gateway.url}/servers/up/mcp`, part: `${gateway.url}/servers/part/mcp` };
}

/** All is known as it was approved, and the first of each kind has changed since. */
async function holdFirsts(upstream: ChangingServer, url: string): Promise<void> {
  const lists = ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'];
  for (const method of lists) await askModern(url, method);
  const changed = ([first, ...others]: Json[]): Json[] => [{ ...first, description: 'Changed.' }, ...others];
  const { tools, prompts, resources, resourceTemplates } = usualOffers();
  Object.assign(upstream.offers, {
    tools: changed(tools),
    prompts: changed(prompts),
    resources: changed(resources),
    resourceTemplates: changed(resourceTemplates),
  });
  for (const method of lists) await askModern(url, method);
}

describe.each(['modern', 'legacy'] as const)('a name that is no text reaches no %s upstream', (era) => {
  it('where what it would come to mean is held, or is not shown', { timeout: 30_000 }, async () => {
    const { upstream, whole, part } = await setUp(era);
    await holdFirsts(upstream, whole);
    for (const url of [whole, part]) {
      const legacy = await LegacySession.open(url);
      for (const [method, params] of ODD) {
        const about = `${url} ${method} ${JSON.stringify(params)}`;
        expect(errorOf((await askModern(url, method, { params })).message).code, about).toBe(INVALID_PARAMS);
        expect(errorOf((await legacy.ask(method, params)).message).code, about).toBe(INVALID_PARAMS);
      }
    }
    expect(upstream.used).toEqual([]);
  });
});
