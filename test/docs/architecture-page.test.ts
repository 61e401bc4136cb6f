import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/load.ts';

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const read = (path: string): string => readFileSync(root(path), 'utf8');
const rowsOf = (text: string): string[] =>
  [...text.matchAll(/^\s*(\.use\(.*)$/gm)].map(([, row = '']) => row);

describe('ARCHITECTURE.md', () => {
  it('shows the table of src/pipeline.ts as it is', () => {
    expect(rowsOf(read('ARCHITECTURE.md'))).toEqual(rowsOf(read('src/pipeline.ts')));
  });

  it('names every folder of src', () => {
    const page = read('ARCHITECTURE.md');
    const folders = readdirSync(root('src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).filter((name) => !page.includes(`\`${name}/\``))).toEqual([]);
  });
});

describe('README.md', () => {
  it('shows a configuration that loads', async () => {
    const yaml = /```yaml\n([\s\S]*?)```/.exec(read('README.md'))?.[1] ?? '';
    const proxy = { http: undefined, https: undefined, all: undefined, none: undefined };
    const env = { variables: { SEARCH_TOKEN: 'x' }, proxy };
    const { config, warnings } = await readConfig(yaml, { file: 'gateward.yaml', env });
    expect(config.servers.map(({ name }) => name)).toEqual(['all', 'search', 'files', 'research']);
    expect(warnings).toEqual([]);
  });
});
