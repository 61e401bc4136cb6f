import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Schema, Validator } from '@cfworker/json-schema';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { publishConfigSchema, schemaAt } from './json-schema.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const GOLDEN = join(import.meta.dirname, 'golden');

const EXAMPLES = [
  ...readdirSync(GOLDEN)
    .filter((name) => /^[a-z]+\.(?:yaml|json)$/.test(name))
    .map((name) => join(GOLDEN, name)),
  ...globSync('examples/**/gateward*.yaml', {
    cwd: ROOT,
    exclude: (path) => path.includes('node_modules'),
  }).map((path) => join(ROOT, path)),
];

function faultsOf(value: unknown): string[] {
  // The validator's type of a schema is looser than ours; the text of the schema is what is published.
  const schema: Schema = JSON.parse(JSON.stringify(publishConfigSchema()));
  return new Validator(schema, '2020-12', false).validate(value).errors.map(({ error }) => error);
}

it.each(EXAMPLES)('the published schema lets %s through', (file) => {
  const value: unknown = parse(readFileSync(file, 'utf8'), { merge: true }) ?? {};
  expect(faultsOf(value)).toEqual([]);
});

it.each([
  ['an unknown key', { lisen: {} }],
  ['an unknown key below', { listen: { prot: 1 } }],
  ['text for a number', { listen: { port: 'x' } }],
  ['a word outside the list', { log: { level: 'loud' } }],
  ['an upstream of no kind', { upstreams: { a: { era: 'auto' } } }],
  ['a bad name', { upstreams: { A_B: { command: 'x' } } }],
])('the published schema refuses %s', (_, value) => {
  expect(faultsOf(value)).not.toEqual([]);
});

it('every key has a description', () => {
  const missing: string[] = [];
  const visit = (path: readonly string[]): void => {
    for (const node of schemaAt(publishConfigSchema(), path)) {
      for (const [key, child] of Object.entries(node.properties ?? {})) {
        if (!child.description?.endsWith('.')) missing.push([...path, key].join('.'));
        visit([...path, key]);
      }
      if (typeof node.additionalProperties === 'object') visit([...path, 'name']);
    }
  };
  visit([]);
  expect(missing).toEqual([]);
});
