import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Front, LEGACY_TARGETS, startFront } from './front.ts';
import { LEGACY } from './legacy-scenarios.ts';
import { httpV2, openV2 } from './peer.ts';
import { describeScene, type Stage } from './scenarios.ts';

let front: Front;
beforeAll(async () => {
  front = await startFront();
});
afterAll(() => front?.stop());

function agreesOnLegacy({ peer }: Stage): void {
  it('agrees on 2025-11-25', () => {
    expect(peer().revision).toBe('2025-11-25');
  });
}

describe('the client of SDK v2 in the legacy era, through the gateway to a legacy server', () => {
  for (const target of LEGACY_TARGETS) {
    describeScene(
      {
        title: `at ${target.title}`,
        target,
        open: () => openV2(httpV2(front.at(`${target.path}/mcp`)), 'legacy'),
      },
      [agreesOnLegacy, ...LEGACY],
    );
  }
});
