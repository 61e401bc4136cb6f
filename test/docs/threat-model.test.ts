import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const page = read('docs/threat-model.md');
const named = [...page.matchAll(/`((?:src|test)\/[\w/.-]+\.test\.ts): ([^`]+)`/g)].map(
  ([, path = '', title = '']) => ({ path, title }),
);

/** The title of a test stands in its file as text: in any quotes, after the name of a function or of a table. */
function hasTitle(source: string, title: string): boolean {
  return [`'${title.replaceAll("'", "\\'")}'`, `"${title}"`, `\`${title}\``].some((text) =>
    source.includes(text),
  );
}

describe('docs/threat-model.md', () => {
  it('names tests in each of its layers', () => {
    const layers = page.split(/^## \d\. /m).slice(1);
    expect(layers).toHaveLength(5);
    for (const layer of layers) expect(layer).toMatch(/`(?:src|test)\/[^`]+\.test\.ts: /);
    expect(named.length).toBeGreaterThan(50);
  });

  it.each(named)('names a test that exists: $path: $title', ({ path, title }) => {
    expect(existsSync(new URL(path, root))).toBe(true);
    expect(hasTitle(read(path), title)).toBe(true);
  });

  it('has a test in every row of its tables', () => {
    const rows = page
      .split('\n')
      .filter((line) => line.startsWith('| ') && !/^\| (?:attack|what) \|/.test(line));
    for (const row of rows) expect(row).toMatch(/\.test\.ts: /);
  });

  it('leads to pages that exist', () => {
    const pages = new Set(readdirSync(new URL('docs/', root)));
    for (const [, target = ''] of page.matchAll(/\]\(([\w-]+\.md)\)/g)) expect(pages).toContain(target);
  });
});
