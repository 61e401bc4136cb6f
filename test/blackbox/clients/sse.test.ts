import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { afterAll, beforeAll, describe } from 'vitest';
import { type Front, LEGACY_TARGETS, startFront } from './front.ts';
import { LEGACY } from './legacy-scenarios.ts';
import { openV1 } from './peer.ts';
import { describeScene } from './scenarios.ts';

let front: Front;
beforeAll(async () => {
  front = await startFront();
});
afterAll(() => front?.stop());

describe('the client of SDK v1 over HTTP+SSE, through the gateway to a legacy server', () => {
  for (const target of LEGACY_TARGETS) {
    describeScene(
      {
        title: `at ${target.title}`,
        target,
        open: () => openV1(new SSEClientTransport(new URL(front.at(`${target.path}/sse`)))),
      },
      LEGACY,
    );
  }
});
