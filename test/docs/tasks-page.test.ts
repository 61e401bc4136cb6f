import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { describeConfig, type JsonSchemaNode } from '../../src/config/json-schema.ts';
import { readConfig } from '../../src/config/load.ts';
import { ERRORS } from '../../src/errors.ts';

const page = readFileSync(fileURLToPath(new URL('../../docs/tasks.md', import.meta.url)), 'utf8');
const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
const proxy = { http: undefined, https: undefined, all: undefined, none: undefined };

function keysOf(node: JsonSchemaNode): string[] {
  const own = Object.entries(node.properties ?? {}).flatMap(([key, child]) => [key, ...keysOf(child)]);
  const entries = typeof node.additionalProperties === 'object' ? keysOf(node.additionalProperties) : [];
  return [...own, ...entries, ...(node.anyOf ?? []).flatMap(keysOf)];
}

describe('docs/tasks.md', () => {
  it('shows configurations that load', async () => {
    expect(examples).toHaveLength(2);
    for (const example of examples) {
      const env = { variables: {}, proxy };
      const { warnings } = await readConfig(example, { file: 'example.yaml', env });
      expect(warnings).toEqual([]);
    }
  });

  it('gives the defaults that hold', async () => {
    const text = 'upstreams: { name: { command: x } }';
    const { config } = await readConfig(text, { file: 'x.yaml', env: { variables: {}, proxy } });
    const rows = [...page.matchAll(/^\| `((?:upstreams\.NAME\.)?tasks\.(\w+))` \| (\d+) \|/gm)];
    const { tasks, upstreams } = config;
    const actual = new Map(Object.entries({ ...tasks, concurrency: upstreams[0]?.tasks.concurrency }));
    expect(rows.map(([, , key = '']) => key)).toEqual([
      'maxPerPrincipal',
      'maxResultBytes',
      'maxRetentionMs',
      'pollIntervalMs',
      'concurrency',
    ]);
    for (const [, , key = '', value] of rows) expect([key, actual.get(key)]).toEqual([key, Number(value)]);
  });

  it('names only errors and keys that there are', () => {
    const codes = [...page.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, code = '']) => code);
    expect(codes.filter((code) => !Object.hasOwn(ERRORS, code))).toEqual([]);
    const known = new Set(keysOf(describeConfig()));
    const keys = [...page.matchAll(/`(?:tasks|retry|stop)\.(\w+)`/g)].map(([, key = '']) => key);
    expect(keys.filter((key) => !known.has(key))).toEqual([]);
  });

  it('shows every state in its diagram', () => {
    const diagram = /```mermaid\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    for (const state of ['working', 'input_required', 'completed', 'failed', 'cancelled'])
      expect(diagram).toContain(`--> ${state}`);
  });
});
