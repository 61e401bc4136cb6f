import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { startLegacySse } from '../../fixtures/servers/legacy-sse.ts';
import type { Listening } from '../../fixtures/servers/shared/listen.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { VOUCHED } from '../../support/vouched.ts';
import type { Target } from './front.ts';
import { describeUpdates, LEGACY } from './legacy-scenarios.ts';
import { httpV1, httpV2, openV1, openV2 } from './peer.ts';
import { ANY_ERA, describeOffers, describeQuestions, describeScene } from './scenarios.ts';

const SERVERS = join(import.meta.dirname, '..', '..', 'fixtures', 'servers');

let sse: Listening;
let gateway: RunningGateway;
beforeAll(async () => {
  sse = await startLegacySse();
  const stdio = (era: string) => ({
    command: process.execPath,
    args: [join(SERVERS, `${era}-stdio.ts`)],
    process: 'session',
  });
  gateway = await startGateway({
    configText: JSON.stringify({
      listen: { port: 0 },
      launch: VOUCHED,
      upstreams: { sse: { url: sse.url }, legacy: stdio('legacy'), modern: stdio('modern') },
    }),
  });
});
afterAll(async () => {
  await gateway?.stop();
  await sse?.stop();
});

const same = (own: string): string => own;
const target = (name: string, era: Target['era']): Target => ({
  title: name,
  era,
  path: `/servers/${name}`,
  name: same,
  uri: same,
});
const at = ({ path }: Target): string => `${gateway.url}${path}/mcp`;
const SSE = target('sse', 'legacy');
const LEGACY_STDIO = target('legacy', 'legacy');
const MODERN_STDIO = target('modern', 'modern');

describe('the client of SDK v2 in the modern era, through the gateway', () => {
  const scene = (to: Target, title: string) => ({
    title,
    target: to,
    open: () => openV2(httpV2(at(to)), 'auto'),
  });
  describeScene(scene(SSE, 'to a legacy server over HTTP+SSE'), ANY_ERA);
  // A call that was answered or cancelled leaves its process, and each counts for itself.
  describeScene(scene(LEGACY_STDIO, 'to a legacy server over stdio'), [describeOffers, describeQuestions]);
  describeScene(scene(MODERN_STDIO, 'to a modern server over stdio'), ANY_ERA);
});

describe('the client of SDK v1, through the gateway', () => {
  const scene = (to: Target, title: string) => ({ title, target: to, open: () => openV1(httpV1(at(to))) });
  describeScene(scene(SSE, 'to a legacy server over HTTP+SSE'), LEGACY);
  describeScene(scene(LEGACY_STDIO, 'to a legacy server over stdio'), LEGACY);
  // The list of tools of this server is that of its start.
  describeScene(scene(MODERN_STDIO, 'to a modern server over stdio'), [...ANY_ERA, describeUpdates]);
});
