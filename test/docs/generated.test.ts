import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findStaleDocs, renderDocs } from '../../scripts/generate-docs.ts';
import { describeConfig, type JsonSchemaNode } from '../../src/config/json-schema.ts';
import { readConfig } from '../../src/config/load.ts';
import { ERRORS } from '../../src/errors.ts';

function readDoc(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../../docs/${name}`, import.meta.url)), 'utf8');
}

it.each(Object.keys(renderDocs()))('docs/%s is what node scripts/generate-docs.ts writes', (name) => {
  expect(findStaleDocs()).not.toContain(name);
});

describe('docs/errors.md', () => {
  const rows = [...readDoc('errors.md').matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);

  it('lists every code once and no other', () => {
    expect(rows.toSorted()).toEqual(Object.keys(ERRORS).toSorted());
  });
});

describe('docs/configuration.md', () => {
  const page = readDoc('configuration.md');

  it('lists every key of the schema', () => {
    const missing = [...new Set(keysOf(describeConfig()))].filter((key) => !page.includes(`${key}\` |`));
    expect(
      missing.filter(
        (key) =>
          ![
            'listen',
            'auth',
            'log',
            'limits',
            'stop',
            'upstreams',
            'servers',
            'launch',
            'pins',
            'guard',
          ].includes(key),
      ),
    ).toEqual([]);
  });

  it('opens with an example that loads', async () => {
    const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    const { config, warnings } = await readConfig(example, {
      file: 'example.yaml',
      env: {
        variables: { SEARCH_TOKEN: 'x' },
        proxy: { http: undefined, https: undefined, all: undefined, none: undefined },
      },
    });
    expect(config.servers.map(({ name }) => name)).toEqual(['all', 'search', 'files', 'research']);
    expect(warnings).toEqual([]);
  });
});

function keysOf(node: JsonSchemaNode): string[] {
  const own = Object.entries(node.properties ?? {}).flatMap(([key, child]) => [key, ...keysOf(child)]);
  const entries = typeof node.additionalProperties === 'object' ? keysOf(node.additionalProperties) : [];
  return [...own, ...entries, ...(node.anyOf ?? []).flatMap(keysOf)];
}
