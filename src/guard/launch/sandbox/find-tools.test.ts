import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { findTools, safePath } from './find-tools.ts';

const NAMES = ['bwrap', 'socat', 'rg', 'bash', 'which'];
const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function folderWith(names: readonly string[], mode = 0o755): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gateward-test-'));
  folders.push(folder);
  for (const name of names)
    await writeFile(join(folder, name), '').then(() => chmod(join(folder, name), mode));
  return folder;
}

it('finds each program in the first folder that has it', async () => {
  const [first, second] = [await folderWith(['rg']), await folderWith(NAMES)];
  expect(await findTools(`${first}:${second}`)).toEqual({
    bwrap: join(second, 'bwrap'),
    socat: join(second, 'socat'),
    rg: join(first, 'rg'),
    bash: join(second, 'bash'),
  });
});

it('names what is missing, with the package that has it', async () => {
  const folder = await folderWith(['bash', 'which', 'socat']);
  expect(await findTools(folder)).toEqual([
    { name: 'bwrap', packageName: 'bubblewrap' },
    { name: 'rg', packageName: 'ripgrep' },
  ]);
});

it('finds nothing on an empty path, and no program that may not be run', async () => {
  expect(await findTools('')).toHaveLength(5);
  expect(await findTools(await folderWith(NAMES, 0o644))).toHaveLength(5);
});

it('looks for programs neither in relative folders nor where the sandboxed may write', () => {
  expect(safePath('/usr/bin:.::bin:/srv/out/bin:/srv/output:/bin', ['/srv/out'])).toBe(
    '/usr/bin:/srv/output:/bin',
  );
});
