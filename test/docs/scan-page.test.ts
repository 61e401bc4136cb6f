import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RULES } from '../../src/guard/scan/rule.ts';

const page = readFileSync(new URL('../../docs/scan.md', import.meta.url), 'utf8');

describe('docs/scan.md', () => {
  it('lists every rule of the scanner as the code does, in its order', () => {
    const listed = [...page.matchAll(/^\| `([a-z-]+)` \| (block|warn|info) \| (.+) \|$/gm)].map(
      ([, id, severity, text]) => ({ id, severity, text }),
    );
    const rules = Object.entries(RULES).map(([id, { severity, text }]) => ({ id, severity, text }));
    expect(listed).toEqual(rules);
  });
});
