import { expect, it } from 'vitest';
import { formatKeyPath, type KeyPath, valueAt } from './key-path.ts';
import { keysInOrder, locate } from './locate.ts';
import { parseYaml, plainValue } from './parse-yaml.ts';

const TEXT = `# comment
listen:
  hosts: [one, two]
base: &base
  deep: { er: 1 }
copy: *base
merged:
  <<: *base
  own: 2
several: { <<: [*base, { more: 3 }] }
`;

it.each<[KeyPath, number, number]>([
  [[], 2, 1],
  [['listen'], 2, 1],
  [['listen', 'hosts', 1], 3, 16],
  [['base', 'deep', 'er'], 5, 11],
  [['copy', 'deep', 'er'], 5, 11],
  [['merged', 'own'], 9, 3],
  [['merged', 'deep'], 5, 3],
  [['several', 'more'], 10, 26],
  [['listen', 'missing', 'more'], 2, 1],
  [['listen', 'hosts', 7], 3, 3],
  [['nothing'], 2, 1],
])('%j is found in line %i, column %i', (path, line, column) => {
  expect(locate(parseYaml(TEXT), path)).toMatchObject({ line, column });
});

it('keys that look like numbers keep their place', () => {
  const text = parseYaml('m: { b: 1, 10: 1, 2: 1, a: 1 }\n');
  const map = valueAt(plainValue(text.document), ['m']);
  expect(keysInOrder(text, ['m'], Object(map))).toEqual(['b', '10', '2', 'a']);
});

it('a path is written as people write it', () => {
  expect(formatKeyPath(['a', 'b-c', 2, 'd e', ''])).toBe('a.b-c[2]["d e"][""]');
});
