import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { startLegacySse } from '../../fixtures/servers/legacy-sse.ts';
import type { Listening } from '../../fixtures/servers/shared/listen.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { VOUCHED } from '../../support/vouched.ts';
import type { Target } from '../clients/front.ts';
import { describeChanges, LEGACY } from '../clients/legacy-scenarios.ts';
import { httpV1, httpV2, openV1, openV2 } from '../clients/peer.ts';
import { ANY_ERA, describeOffers, describeRunningCalls, describeScene } from '../clients/scenarios.ts';

const FIXTURES = join(import.meta.dirname, '..', '..', 'fixtures', 'servers');
const program = (name: string) => ({ command: process.execPath, args: [join(FIXTURES, `${name}.ts`)] });

let sse: Listening;
let gateway: RunningGateway;
beforeAll(async () => {
  sse = await startLegacySse();
  gateway = await startGateway({
    configText: JSON.stringify({
      listen: { port: 0 },
      launch: VOUCHED,
      upstreams: {
        'modern-stdio': program('modern-stdio'),
        'legacy-stdio': program('legacy-stdio'),
        'legacy-per-session': { ...program('legacy-stdio'), process: 'session' },
        'legacy-sse': { url: sse.url, transport: 'sse' },
      },
    }),
  });
});
afterAll(async () => {
  await gateway?.stop();
  await sse?.stop();
});

function targetOf(server: string): Target {
  const era = server.startsWith('modern') ? 'modern' : 'legacy';
  return { title: server, era, path: `/servers/${server}`, name: (own) => own, uri: (own) => own };
}

const urlOf = ({ path }: Target): string => `${gateway.url}${path}/mcp`;

describe('a modern server over stdio', () => {
  const target = targetOf('modern-stdio');
  describeScene(
    { title: 'with a modern client', target, open: () => openV2(httpV2(urlOf(target)), 'auto') },
    ANY_ERA,
  );
});

describe.each(['legacy-per-session', 'legacy-sse'])('the upstream %s', (server) => {
  const target = targetOf(server);
  describeScene({ title: 'with a legacy client', target, open: () => openV1(httpV1(urlOf(target))) }, LEGACY);
});

// The process knows no client in particular, so it is told of none that it could ask.
describe('the upstream legacy-stdio, one process for everybody', () => {
  const target = targetOf('legacy-stdio');
  describeScene({ title: 'with a legacy client', target, open: () => openV1(httpV1(urlOf(target))) }, [
    describeOffers,
    describeRunningCalls,
    describeChanges,
  ]);
});
