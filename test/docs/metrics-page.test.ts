import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { showTaskCounts } from '../../src/telemetry/task-gauges.ts';
import { createTaskMeter } from '../../src/telemetry/task-meter.ts';

const page = readFileSync(fileURLToPath(new URL('../../docs/metrics.md', import.meta.url)), 'utf8');
const quiet = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

interface Shown {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
}

/** The rows of the table of metrics. */
const documented: readonly Shown[] = [
  ...page.matchAll(/^\| `(gateward_\w+)` \| (\w+) \| ([^|]*) \| \S/gm),
].map(([, name = '', type = '', labels = '']) => ({
  name,
  type,
  labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label),
}));

/** What a gateway shows that has measured one of everything. */
let text: string;

beforeAll(async () => {
  const metrics = createMetrics('1.2.3');
  const meter = createTaskMeter(metrics);
  meter.created('a', 'promoted');
  meter.waited('a', 1);
  meter.attempted('a', 'answered');
  meter.ended('a', 'completed', { ageMs: 1, attempts: 1 });
  const counts = async () => [{ upstream: 'a', state: 'completed', count: 1, oldestAt: 0 }];
  showTaskCounts(metrics, { counts, now: () => 1, log: quiet });
  text = await metrics.read();
});

describe('docs/metrics.md', () => {
  it('lists every metric with its type, and no other', () => {
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
    expect(documented.map(({ name, type }) => `${name} ${type}`).toSorted()).toEqual(types.toSorted());
  });

  it('lists the labels of each, and no other', () => {
    for (const { name, type, labels } of documented) {
      const sample = type === 'histogram' ? `${name}_count` : name;
      const found = new RegExp(`^${sample}\\{([^}]*)\\}`, 'm').exec(text)?.[1] ?? '';
      expect([name, [...found.matchAll(/(\w+)="/g)].map(([, label]) => label)]).toEqual([name, [...labels]]);
    }
  });

  it('has the help of each metric end as a sentence, and its unit in its name', () => {
    for (const [, help = ''] of text.matchAll(/^# HELP \S+ (.*)$/gm)) expect(help).toMatch(/^[A-Z].*\.$/);
    for (const { name, type } of documented) expect(name.endsWith('_total')).toBe(type === 'counter');
  });
});
