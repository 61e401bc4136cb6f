import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { LAUNCH_RULES, type LaunchRule, VERDICTS } from '../../src/guard/launch/rules.ts';

const page = readFileSync(fileURLToPath(new URL('../../docs/launch.md', import.meta.url)), 'utf8');
const rules: readonly [string, LaunchRule][] = Object.entries(LAUNCH_RULES);

function rowsBelow(verdict: string): string[] {
  const section = page.split(`\n### ${verdict}\n`)[1]?.split('\n#')[0] ?? '';
  return [...section.matchAll(/^\| `.*$/gm)].map(([row]) => row);
}

describe('docs/launch.md', () => {
  it.each(VERDICTS)('lists every rule that ends in %s, with its reason, and no other', (verdict) => {
    const rows = rules
      .filter(([, rule]) => rule.verdict === verdict)
      .map(([id, { dangerous, reason }]) => {
        const mark = dangerous === true && verdict === 'needs-approval' ? ' (dangerous)' : '';
        return `| \`${id}\`${mark} | ${reason} |`;
      });
    expect(rowsBelow(verdict)).toEqual(rows);
  });

  it('explains every verdict', () => {
    for (const verdict of VERDICTS) expect(page).toMatch(new RegExp(`^\\| \`${verdict}\` \\| \\S`, 'm'));
  });
});
