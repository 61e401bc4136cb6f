import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Front, LEGACY_TARGETS, startFront } from './front.ts';
import { LEGACY } from './legacy-scenarios.ts';
import { httpV1, openV1 } from './peer.ts';
import { describeScene } from './scenarios.ts';

let front: Front;
beforeAll(async () => {
  front = await startFront();
});
afterAll(() => front?.stop());

describe('the client of SDK v1, through the gateway to a legacy server', () => {
  for (const target of LEGACY_TARGETS) {
    describeScene(
      {
        title: `at ${target.title}`,
        target,
        open: () => openV1(httpV1(front.at(`${target.path}/mcp`))),
      },
      LEGACY,
    );
  }

  it('ends its session, which then is unknown', async () => {
    const transport = httpV1(front.at('/servers/legacy/mcp'));
    const peer = await openV1(transport);
    const sessionId = transport.sessionId ?? '';
    expect(sessionId).toMatch(/^[\x21-\x7e]{1,3072}$/);
    await transport.terminateSession();
    const late = await fetch(front.at('/servers/legacy/mcp'), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-session-id': sessionId,
        'mcp-protocol-version': '2025-11-25',
      },
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
    });
    expect(late.status).toBe(404);
    await late.text();
    await peer.sdk.close();
  });
});
