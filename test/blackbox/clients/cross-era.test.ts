import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Front, LEGACY_TARGETS, MODERN_TARGETS, startFront } from './front.ts';
import { describeChanges } from './legacy-scenarios.ts';
import type { Answers, Peer } from './peer.ts';
import { httpV1, httpV2, openV1, openV2 } from './peer.ts';
import { ANY_ERA, describeScene, type Stage } from './scenarios.ts';

let front: Front;
beforeAll(async () => {
  front = await startFront();
});
afterAll(() => front?.stop());

const broken: Answers = {
  elicit: () => {
    throw new Error('the window was closed');
  },
  sample: () => {
    throw new Error('the model is down');
  },
};

/** Runs with handlers that throw, and puts the others back. */
async function whileBroken(peer: Peer, run: () => Promise<void>): Promise<void> {
  const { answers } = peer;
  peer.answers = broken;
  try {
    await run();
  } finally {
    peer.answers = answers;
  }
}

/** A legacy client says that it failed; a modern server can hear that of forms only. */
function describeLegacyFailures({ target, peer }: Stage): void {
  it('tells the server of a form that failed that it was cancelled, and ends a call whose model failed', () =>
    whileBroken(peer(), async () => {
      const { text } = await peer().call(target.name('test_elicitation'), { message: 'Who is there?' });
      expect(text).toContain('action=cancel');
      await expect(peer().call(target.name('test_sampling'), { prompt: 'Hi' })).rejects.toMatchObject({
        code: -32_603,
        message: expect.stringContaining('the model is down'),
      });
    }));
}

/** A modern client that fails does not come back, and no other call waits for it. */
function describeModernFailures({ target, peer }: Stage): void {
  it('goes on with other calls when the client fails in one', async () => {
    await whileBroken(peer(), async () => {
      const call = peer().call(target.name('test_elicitation'), { message: 'Who is there?' });
      await expect(call).rejects.toThrow('the window was closed');
    });
    const { text } = await peer().call(target.name('test_elicitation'), { message: 'And now?' });
    expect(text).toContain('action=accept');
  });
}

describe('the client of SDK v1, through the gateway to a modern server', () => {
  for (const target of MODERN_TARGETS) {
    const open = () => openV1(httpV1(front.at(`${target.path}/mcp`)));
    describeScene({ title: `at ${target.title}`, target, open }, [
      ...ANY_ERA,
      describeChanges,
      describeLegacyFailures,
    ]);
  }
});

describe('the client of SDK v2 in the modern era, through the gateway to a legacy server', () => {
  for (const target of LEGACY_TARGETS) {
    const open = () => openV2(httpV2(front.at(`${target.path}/mcp`)), 'auto');
    describeScene({ title: `at ${target.title}`, target, open }, [...ANY_ERA, describeModernFailures]);
  }
});
