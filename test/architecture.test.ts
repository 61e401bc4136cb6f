import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { BUDGET_RULES } from './architecture/budget-rules.ts';
import { HABIT_RULES } from './architecture/habit-rules.ts';
import { IMPORT_RULES, runtimePackagesOnly } from './architecture/import-rules.ts';
import { readSources, report } from './architecture/source.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest: { dependencies: Record<string, string> } = JSON.parse(
  readFileSync(`${root}/package.json`, 'utf8'),
);
const sources = readSources(root, ['src', 'test', 'bench', 'scripts', 'examples']);
const rules = [
  ...IMPORT_RULES,
  runtimePackagesOnly(Object.keys(manifest.dependencies)),
  ...BUDGET_RULES,
  ...HABIT_RULES,
];

describe('the source of Gateward', () => {
  it('is found', () => {
    expect(sources.filter(({ path }) => path.startsWith('src/'))).not.toEqual([]);
  });

  it.each(rules)('$name', (rule) => {
    expect(report(rule, sources)).toEqual([]);
  });
});
