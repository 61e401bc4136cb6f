import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const page = readFileSync(root('docs/bridging.md'), 'utf8');
const FOLDER = 'test/blackbox/bridge';
const HEAD = /^\| what \|/;

/** The rows of the tables that say what happens, without their heads. */
function rowsOf(text: string): string[] {
  const tables = text.split('\n\n').filter((block) => HEAD.test(block));
  return tables.flatMap((table) => table.trim().split('\n').slice(2));
}

/** The names of the suites of the bridge. */
const shown = readdirSync(root(FOLDER))
  .filter((file) => file.endsWith('.test.ts'))
  .flatMap((file) => {
    const source = readFileSync(root(`${FOLDER}/${file}`), 'utf8');
    return [...source.matchAll(/^describe\('(bridge\/[\w-]+)'/gm)].map(([, name = '']) => name);
  });

describe('docs/bridging.md', () => {
  it('says in each row by which test it is shown, once', () => {
    const names = rowsOf(page).map((row) =>
      row.match(/`(bridge\/[\w-]+)`/g)?.map((name) => name.slice(1, -1)),
    );
    expect(names.length).toBeGreaterThan(30);
    for (const [index, found] of names.entries())
      expect([rowsOf(page)[index], found?.length]).toEqual([rowsOf(page)[index], 1]);
    expect(names.flat().toSorted()).toEqual(shown.toSorted());
  });

  it('fills every cell', () => {
    const cells = rowsOf(page).map((row) => row.split(' | ').length);
    expect(cells.every((count) => count === 5)).toBe(true);
  });
});
