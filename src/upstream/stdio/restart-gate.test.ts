import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { RestartGate } from './restart-gate.ts';

describe('RestartGate', () => {
  it('lets the first start through, and makes the next one after a failure wait a little', async () => {
    const clock = new ManualClock();
    const gate = new RestartGate(clock, () => 1);
    await gate.admit();
    gate.failed();
    let admitted = false;
    const admitting = gate.admit().then(() => {
      admitted = true;
    });
    await clock.advance(499);
    expect(admitted).toBe(false);
    await clock.advance(1);
    await admitting;
    expect(admitted).toBe(true);
  });

  it('says when to come back once a program fails again and again', async () => {
    const clock = new ManualClock();
    const gate = new RestartGate(clock, () => 1);
    for (let times = 0; times < 4; times++) gate.failed();
    await expect(gate.admit()).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryAfterSeconds: 4 });
    await clock.advance(4_000);
    await gate.admit();
  });

  it('starts counting anew after a process that lived', async () => {
    const clock = new ManualClock();
    const gate = new RestartGate(clock, () => 1);
    for (let times = 0; times < 9; times++) gate.failed();
    gate.failed(10_000);
    const admitting = gate.admit();
    await clock.advance(500);
    await admitting;
  });
});
