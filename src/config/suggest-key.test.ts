import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeConfig } from './json-schema.ts';
import { editDistance, nearest, suggestKey } from './suggest-key.ts';

it.each([
  [[], 'upstream', 'Did you mean "upstreams"?'],
  [['listen'], 'Host', 'Did you mean "host"?'],
  [['listen'], 'max_body_bytes', 'Did you mean "maxBodyBytes"?'],
  [['upstreams', 'a'], 'agrs', 'Did you mean "args"?'],
  [['upstreams', 'a'], 'environment', 'Did you mean "env"?'],
  [['servers', 'a', 'from', 'b'], 'tool', 'Did you mean "tools"?'],
  [['servers', 'a'], 'graceMs', 'It belongs at "stop.graceMs".'],
  [['stop'], 'maxConnections', 'It belongs at "listen.maxConnections" or "upstreams.NAME.maxConnections".'],
  [['stop'], 'constructor', 'Known here: delayMs, graceMs.'],
])('at %j, "%s": %s', (path, key, help) => {
  expect(suggestKey(describeConfig(), path, key)).toBe(help);
});

it.each([
  ['', '', 0],
  ['port', 'prot', 1],
  ['port', 'ports', 1],
  ['port', 'part', 1],
  ['', 'port', 4],
  ['abc', 'xyz', 3],
])('from "%s" to "%s" are %i steps', (from, to, steps) => {
  expect(editDistance(from, to)).toBe(steps);
});

it('the distance is the same both ways, and 0 only for equal texts', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b) === 0).toBe(a === b);
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});

it('nothing is near to a text that resembles nothing', () => {
  expect(nearest('github', ['files', 'memory'])).toBeUndefined();
  expect(nearest('x', [])).toBeUndefined();
});
