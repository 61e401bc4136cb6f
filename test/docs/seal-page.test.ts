import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CLIENTS } from '../../src/guard/seal/list-client-files.ts';

const page = readFileSync(new URL('../../docs/seal.md', import.meta.url), 'utf8');

it('docs/seal.md lists each client that is known, and no other', () => {
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \| ([^|]+) \| [^|]*`[^|]*\|$/gm)].map(([, id, name]) => [
    id,
    name,
  ]);
  expect(rows).toEqual(CLIENTS.map(({ id, name }) => [id, name]));
});

it.each(CLIENTS)('docs/seal.md names the files of $name', ({ files }) => {
  for (const { path } of files) expect(page).toContain(path.slice(path.lastIndexOf('/') + 1));
});

it('docs/seal.md says what a local guard cannot do', () => {
  expect(page).toContain('A program that runs with your rights can defeat it.');
});
