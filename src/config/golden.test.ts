import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from './load.ts';
import type { Environment } from './types.ts';

const FOLDER = join(import.meta.dirname, 'golden');

const ENV: Pick<Environment, 'variables' | 'proxy'> = {
  variables: { PORT: '4000', LEGACY_SSE: 'true', TOKEN: 'token-from-the-environment' },
  proxy: {
    http: 'plain.lan:3128',
    https: 'http://secure.lan:3128',
    all: undefined,
    none: 'internal.example.org',
  },
};

const CASES = readdirSync(FOLDER).filter((name) => /^[a-z]+\.(?:yaml|json)$/.test(name));

it.each(CASES)('the golden file %s resolves as its .resolved.json says', async (name) => {
  const loaded = await loadConfig({ file: join(FOLDER, name), env: ENV });
  const text = JSON.stringify(loaded).replaceAll(FOLDER, '/FOLDER');
  const expected = readFileSync(join(FOLDER, `${name}.resolved.json`), 'utf8');
  expect(JSON.parse(text)).toEqual(JSON.parse(expected));
});

it('there are golden files', () => {
  expect(CASES.length).toBeGreaterThan(4);
});

it('a configuration is frozen all the way down', async () => {
  const { config } = await loadConfig({ file: join(FOLDER, 'everything.yaml'), env: ENV });
  expect(findUnfrozen(config, 'config')).toEqual([]);
});

function findUnfrozen(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const below = Object.entries(value).flatMap(([key, member]) => findUnfrozen(member, `${path}.${key}`));
  return Object.isFrozen(value) ? below : [path, ...below];
}
