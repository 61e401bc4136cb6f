import { expect, it } from 'vitest';
import type { UpstreamTasksConfig } from '../config/types.ts';
import { taskRulesOf } from './rules.ts';

const config: UpstreamTasksConfig = {
  mode: 'auto',
  promoteAfterMs: 3000,
  deadlineMs: 1000,
  inputMs: 2000,
  retentionMs: 4000,
  concurrency: 3,
  retry: { attempts: 3, delayMs: 10, maxDelayMs: 100, on: ['lost'] },
  tools: {
    'build_*': { mode: 'always', retry: { attempts: 9 } },
    build_all: { mode: 'never' },
    '*': { retentionMs: 5 },
  },
};

it('the first entry that fits a tool counts, over the rules of the upstream', () => {
  const rulesOf = taskRulesOf(config);
  expect(rulesOf('build_all')).toMatchObject({
    mode: 'always',
    retentionMs: 4000,
    retry: { attempts: 9, delayMs: 10, on: ['lost'] },
  });
  expect(rulesOf('other')).toMatchObject({ mode: 'auto', retentionMs: 5, retry: { attempts: 3 } });
});

it('a tool without an entry has the rules of the upstream', () => {
  expect(taskRulesOf({ ...config, tools: {} })('any')).toMatchObject({ mode: 'auto', deadlineMs: 1000 });
});
