import { afterEach, expect, it } from 'vitest';
import { listAll } from '../../support/front-door.ts';
import { startGateway } from '../../support/gateway.ts';
import { Fault, startScripted } from '../../support/scripted-server.ts';

const PAGES = 20;
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

it('a list of many pages is not read again for each page that a client reads', async () => {
  const upstream = await startScripted({
    methods: {
      'subscriptions/listen': () => {
        throw new Fault(-32_601, 'Method not found');
      },
      'tools/list': ({ params }) => {
        const page = Number(params['cursor'] ?? 0);
        const tools = [{ name: `tool-${page}`, inputSchema: { type: 'object' } }];
        const next = page + 1 < PAGES && { nextCursor: String(page + 1) };
        return { tools, ...next, ttlMs: 0, cacheScope: 'private' };
      },
    },
  });
  closing.push(() => upstream.close());
  const gateway = await startGateway({
    configText: JSON.stringify({
      listen: { port: 0 },
      pins: { mode: 'warn' },
      upstreams: { up: { url: upstream.url } },
    }),
  });
  closing.push(() => gateway.stop());
  const url = `${gateway.url}/servers/up/mcp`;
  expect(await listAll(url, 'tools/list', 'tools')).toHaveLength(PAGES);
  expect(upstream.requests('tools/list').length).toBeLessThanOrEqual(2 * PAGES);
});
