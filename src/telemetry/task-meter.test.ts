import { describe, expect, it } from 'vitest';
import type { TaskMeter } from '../task/operations.ts';
import { createMetrics } from './metrics.ts';
import { type CountedTasks, showTaskCounts } from './task-gauges.ts';
import { createTaskMeter } from './task-meter.ts';

const quiet = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

describe('the metrics', () => {
  it('are text in the format of Prometheus, with the version', async () => {
    const metrics = createMetrics('1.2.3');
    expect(metrics.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await metrics.read()).toContain('gateward_build_info{version="1.2.3"} 1\n');
  });

  it('of two gateways in one process are apart', async () => {
    const [one, other] = [createMetrics('1'), createMetrics('1')];
    createTaskMeter(one).created('files', 'promoted');
    createTaskMeter(other);
    expect(await other.read()).not.toContain('files');
  });

  it('count what becomes of tasks, in seconds', async () => {
    const metrics = createMetrics('1');
    const meter: TaskMeter = createTaskMeter(metrics);
    meter.created('files', 'promoted');
    meter.created('files', 'promoted');
    meter.created('search', 'at-once');
    meter.waited('search', 200);
    meter.attempted('search', 'lost');
    meter.ended('search', 'failed', { ageMs: 2000, attempts: 3 });
    const lines = (await metrics.read()).split('\n');
    for (const line of [
      'gateward_tasks_created_total{upstream="files",how="promoted"} 2',
      'gateward_tasks_created_total{upstream="search",how="at-once"} 1',
      'gateward_tasks_wait_seconds_bucket{le="0.1",upstream="search"} 0',
      'gateward_tasks_wait_seconds_bucket{le="0.5",upstream="search"} 1',
      'gateward_tasks_wait_seconds_sum{upstream="search"} 0.2',
      'gateward_tasks_attempts_total{upstream="search",end="lost"} 1',
      'gateward_tasks_ended_total{upstream="search",state="failed"} 1',
      'gateward_tasks_age_seconds_sum{upstream="search",state="failed"} 2',
      'gateward_tasks_attempts_at_end_bucket{le="3",upstream="search"} 1',
      'gateward_tasks_attempts_at_end_bucket{le="2",upstream="search"} 0',
    ])
      expect(lines).toContain(line);
  });

  it('take no time as negative', async () => {
    const metrics = createMetrics('1');
    createTaskMeter(metrics).ended('a', 'completed', { ageMs: -5, attempts: 0 });
    expect(await metrics.read()).toContain(
      'gateward_tasks_age_seconds_sum{upstream="a",state="completed"} 0',
    );
  });
});

describe('the gauges of tasks', () => {
  const start = Date.parse('2026-01-01T00:00:00Z');
  const one = (changes: Partial<CountedTasks>): CountedTasks => ({
    upstream: 'files',
    state: 'working',
    count: 2,
    oldestAt: start - 60_000,
    ...changes,
  });

  it('show the store as it is, and no state that has gone', async () => {
    const metrics = createMetrics('1');
    let now = start;
    let tasks = [one({}), one({ state: 'failed', count: 1 })];
    showTaskCounts(metrics, { counts: async () => tasks, now: () => now, log: quiet });
    const first = await metrics.read();
    expect(first).toContain('gateward_tasks_stored{upstream="files",state="working"} 2\n');
    expect(first).toContain('gateward_tasks_oldest_age_seconds{upstream="files",state="failed"} 60\n');
    tasks = [one({ count: 3 })];
    now += 5000;
    const second = await metrics.read();
    expect(second).toContain('gateward_tasks_stored{upstream="files",state="working"} 3\n');
    expect(second).not.toContain('state="failed"');
  });

  it('ask the store once in five seconds, however often they are read', async () => {
    const metrics = createMetrics('1');
    let now = start;
    let asked = 0;
    const counts = async (): Promise<CountedTasks[]> => {
      asked += 1;
      return [];
    };
    showTaskCounts(metrics, { counts, now: () => now, log: quiet });
    await Promise.all([metrics.read(), metrics.read()]);
    now += 4999;
    await metrics.read();
    expect(asked).toBe(1);
    now += 1;
    await metrics.read();
    expect(asked).toBe(2);
    now -= 3_600_000;
    await metrics.read();
    expect(asked).toBe(3);
  });

  it('are left out while the store cannot be read, and the rest is there', async () => {
    const metrics = createMetrics('1');
    const warned: string[] = [];
    const log = { ...quiet, warn: (message: string) => void warned.push(message) };
    showTaskCounts(metrics, { counts: () => Promise.reject(new Error('gone')), now: () => start, log });
    const text = await metrics.read();
    expect(text).toContain('gateward_build_info');
    expect(text).not.toContain('gateward_tasks_stored{');
    expect(warned).toEqual(['the tasks could not be counted for the metrics']);
  });
});
