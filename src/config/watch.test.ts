import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Watch, watchFiles } from './watch.ts';

let folder: string;
let file: string;
let seen: string[][];
let watch: Watch | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateward-watch-'));
  file = join(folder, 'gateward.yaml');
  seen = [];
});

afterEach(async () => {
  watch?.close();
  await rm(folder, { recursive: true });
});

/** A watch whose timer never fires in a test: every look is asked for. */
async function start(files: readonly string[]): Promise<Watch> {
  watch = watchFiles({ files, onChange: (changed) => seen.push([...changed]), pollMs: 2_000_000_000 });
  await watch.check();
  return watch;
}

it('a change is reported once, when two looks agree', async () => {
  await writeFile(file, 'a');
  const { check } = await start([file]);
  await writeFile(file, 'ab');
  await check();
  expect(seen).toEqual([]);
  await check();
  await check();
  expect(seen).toEqual([[file]]);
});

it('a file that is still being written is not reported', async () => {
  await writeFile(file, 'a');
  const { check } = await start([file]);
  for (const text of ['ab', 'abc', 'abcd']) {
    await writeFile(file, text);
    await check();
  }
  expect(seen).toEqual([]);
  await check();
  expect(seen).toEqual([[file]]);
});

it('a file that an editor replaces by another is reported', async () => {
  await writeFile(file, 'a');
  const { check } = await start([file]);
  await writeFile(`${file}.new`, 'b');
  await rename(`${file}.new`, file);
  await check();
  await check();
  expect(seen).toEqual([[file]]);
});

it('a swap of the symbolic link to the folder of the files is reported', async () => {
  for (const version of ['1', '2']) {
    await mkdir(join(folder, version));
    await writeFile(join(folder, version, 'gateward.yaml'), 'same');
  }
  await symlink('1', join(folder, '..data'));
  await symlink('..data/gateward.yaml', file);
  const { check } = await start([file]);
  await symlink('2', join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  await check();
  await check();
  expect(seen).toEqual([[file]]);
});

it('a file that goes and comes is reported each time', async () => {
  const { check } = await start([file]);
  await writeFile(file, 'a');
  await check();
  await check();
  await rm(file);
  await check();
  await check();
  expect(seen).toEqual([[file], [file]]);
});

it('files that are added later count as seen', async () => {
  const other = join(folder, 'token');
  await writeFile(file, 'a');
  const { check, setFiles } = await start([file]);
  await writeFile(other, 'a');
  setFiles([other]);
  await check();
  await writeFile(file, 'changed, but no longer watched');
  await check();
  await check();
  expect(seen).toEqual([]);
  await writeFile(other, 'changed');
  await check();
  await check();
  expect(seen).toEqual([[other]]);
});

it('nothing is reported after the end', async () => {
  await writeFile(file, 'a');
  const { check, close } = await start([file]);
  await writeFile(file, 'ab');
  await check();
  close();
  await check();
  expect(seen).toEqual([]);
});
