import { afterAll, beforeAll, describe } from 'vitest';
import { type Front, LEGACY_TARGETS, MODERN_TARGETS, startFront } from './front.ts';
import { describeChanges } from './legacy-scenarios.ts';
import { httpV1, httpV2, openV1, openV2 } from './peer.ts';
import { ANY_ERA, describeScene } from './scenarios.ts';

let front: Front;
beforeAll(async () => {
  front = await startFront();
});
afterAll(() => front?.stop());

describe('the client of SDK v1, through the gateway to a modern server', () => {
  for (const target of MODERN_TARGETS) {
    const open = () => openV1(httpV1(front.at(`${target.path}/mcp`)));
    describeScene({ title: `at ${target.title}`, target, open }, [...ANY_ERA, describeChanges]);
  }
});

describe('the client of SDK v2 in the modern era, through the gateway to a legacy server', () => {
  for (const target of LEGACY_TARGETS) {
    const open = () => openV2(httpV2(front.at(`${target.path}/mcp`)), 'auto');
    describeScene({ title: `at ${target.title}`, target, open }, ANY_ERA);
  }
});
