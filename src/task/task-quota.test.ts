import { expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { TaskQuota } from './task-quota.ts';

function start(maxPerPrincipal: number) {
  const clock = new ManualClock();
  const state = { tasks: 0, looks: 0 };
  const table = {
    countOf: async (_: string, max: number) => {
      state.looks++;
      return Math.min(max, state.tasks);
    },
  };
  const config = () => ({
    maxPerPrincipal,
    maxRetentionMs: 0,
    pollIntervalMs: 1000,
    maxResultBytes: 0,
  });
  return { clock, state, quota: new TaskQuota({ table, clock, config }) };
}

it('asks the store once in a while, and counts on by itself', async () => {
  const { clock, state, quota } = start(10);
  for (let n = 0; n < 5; n++) await quota.take('ann');
  expect(state.looks).toBe(1);
  await clock.advance(6000);
  await quota.take('ann');
  expect(state.looks).toBe(2);
});

it('asks once for all that come at the same time, and lets no more pass than there is room', async () => {
  const { state, quota } = start(3);
  state.tasks = 1;
  const taken = Promise.all([quota.take('ann'), quota.take('ann')]);
  await taken;
  expect(state.looks).toBe(1);
});

it('refuses nobody without a look, and nobody else for what one has', async () => {
  const { state, quota } = start(2);
  await quota.take('ann');
  await quota.take('ann');
  state.tasks = 2;
  await expect(quota.take('ann')).rejects.toMatchObject({ code: 'TASK_LIMIT' });
  state.tasks = 1;
  await quota.take('ann');
  await quota.take('bob');
});

it('takes nothing for true that a clock which was set back makes young', async () => {
  const { clock, state, quota } = start(5);
  await quota.take('ann');
  const back = clock.now() - 60_000;
  clock.now = () => back;
  await quota.take('ann');
  expect(state.looks).toBe(2);
});
