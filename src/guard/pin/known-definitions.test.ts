import { expect, it } from 'vitest';
import { KnownDefinitions } from './known-definitions.ts';

it('keeps as many findings of a definition as anybody reads, the gravest first', () => {
  const names = Array.from({ length: 2_000 }, (_, n) => `p${n}\u200b`);
  const properties = Object.fromEntries(names.map((name) => [name, { description: 'x'.repeat(400) }]));
  const long = { [`\u202e${'n'.repeat(5_000)}`]: { description: 'One\u200btwo.' } };
  const text = JSON.stringify({
    name: 'find',
    inputSchema: { type: 'object', properties: { ...long, ...properties } },
  });
  const findings = new KnownDefinitions().scan({ name: 'find', text });
  expect(findings).toHaveLength(50);
  expect(findings.every(({ severity }) => severity === 'block')).toBe(true);
  expect(JSON.stringify(findings).length).toBeLessThan(50_000);
});
