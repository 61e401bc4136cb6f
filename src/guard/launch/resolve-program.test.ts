import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findInterpreters } from './find-interpreters.ts';
import { FileHashes } from './hash-file.ts';
import { resolveProgram } from './resolve-program.ts';

let folder: string;
const place = (...parts: readonly string[]): string => join(folder, ...parts);

async function putProgram(path: string, text: string, mode = 0o755): Promise<string> {
  await writeFile(place(path), text, { mode });
  await chmod(place(path), mode);
  return place(path);
}

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'gateward-programs-')));
  await mkdir(place('first', 'folder'), { recursive: true });
  await mkdir(place('second'));
  await putProgram('second/notes', '#!/bin/sh\n');
  await putProgram('first/plain', 'text', 0o644);
  await putProgram('second/plain', '#!/bin/sh\n');
  await mkdir(place('second', 'folder-program'));
  await symlink(place('second', 'notes'), place('first', 'link'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(process.platform === 'win32')('the program of a command', () => {
  const path = (): string => ['', '.', 'first', place('first'), place('second')].join(delimiter);
  const failure = (command: string, on = path()): Promise<unknown> =>
    resolveProgram(command, on).catch((thrown: unknown) => thrown);

  it('is the first file on the PATH that may be run', async () => {
    expect(await resolveProgram('notes', path())).toEqual({
      found: place('second/notes'),
      file: place('second/notes'),
    });
    expect((await resolveProgram('plain', path())).file).toBe(place('second/plain'));
  });

  it('is known by the path that it was found at, and by that without links', async () => {
    expect(await resolveProgram('link', path())).toEqual({
      found: place('first/link'),
      file: place('second/notes'),
    });
  });

  it('may be an absolute path', async () => {
    expect((await resolveProgram(place('first/link'), '')).file).toBe(place('second/notes'));
  });

  it.each(['none', 'folder', 'folder-program', '/none', './notes', 'second/notes', '', '..'])(
    'is not there for %j',
    async (command) => {
      expect(await failure(command)).toMatchObject({ code: 'LAUNCH_FAILED' });
    },
  );

  it('is none that every user of the machine may write, or could have put there', async () => {
    await Promise.all(['open', 'sticky', 'closed'].map((name) => mkdir(place(name))));
    await putProgram('open/own', '#!/bin/sh\n');
    await putProgram('sticky/own', '#!/bin/sh\n');
    await putProgram('closed/changed', '#!/bin/sh\n', 0o777);
    await symlink(place('open/own'), place('closed/link'));
    await chmod(place('open'), 0o777);
    await chmod(place('sticky'), 0o1777);
    for (const path of ['open/own', 'closed/changed', 'closed/link'])
      expect(await failure(place(path))).toMatchObject({
        code: 'LAUNCH_FAILED',
        message: expect.stringContaining('chmod o-w'),
      });
    expect(await failure('own', place('sticky'))).toMatchObject({
      message: expect.stringContaining('chmod o-w'),
    });
    expect((await resolveProgram(place('sticky/own'), '')).file).toBe(place('sticky/own'));
  });

  it('is never looked for in the working directory', async () => {
    expect(await failure('package.json', `.${delimiter}${delimiter}..`)).toMatchObject({
      code: 'LAUNCH_FAILED',
    });
  });
});

describe.skipIf(process.platform === 'win32')('what runs a program', () => {
  const sh = (): Promise<string> => realpath('/bin/sh');
  const env = (): Promise<string> => realpath('/usr/bin/env');
  const find = async (text: string): Promise<readonly string[]> =>
    findInterpreters(await putProgram('script', text), place('second'));

  it('is nothing else for a binary', async () => {
    expect(await findInterpreters(await realpath(process.execPath), '')).toEqual([]);
  });

  it('is what the first line names', async () => {
    expect(await find('#!/bin/sh -e\n')).toEqual([await sh()]);
    expect(await find('#! /bin/sh')).toEqual([await sh()]);
  });

  it('is what env finds on the PATH of the process, and what runs that', async () => {
    expect(await find('#!/usr/bin/env notes\n')).toEqual([await env(), place('second/notes'), await sh()]);
    expect(await find('#!/usr/bin/env -S A=b notes --x\n')).toEqual([
      await env(),
      place('second/notes'),
      await sh(),
    ]);
  });

  it('is a shell where it does not say', async () => {
    expect(await find('echo\n')).toEqual([await sh()]);
  });

  it.each([
    '#!bin/sh\n',
    '#!/usr/bin/env\n',
    '#!/usr/bin/env -i notes\n',
    '#!/usr/bin/env none\n',
    `#!/bin/sh ${'x'.repeat(300)}\n`,
    '#!/none\n',
  ])('is refused where it cannot be told: %j', async (text) => {
    await expect(find(text)).rejects.toMatchObject({ code: 'LAUNCH_FAILED' });
  });

  it('is not followed in a circle', async () => {
    await expect(find(`#!${place('script')}\n`)).rejects.toMatchObject({ code: 'LAUNCH_FAILED' });
  });
});

describe('the hash of a program', () => {
  const SHA256_OF_A = 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb';
  const SHA256_OF_B = '3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d';

  it('is SHA-256, and is told anew after each change of the file', async () => {
    const hashes = new FileHashes(() => Date.now());
    const file = await putProgram('a', 'a');
    expect(await hashes.hash(file)).toBe(SHA256_OF_A);
    await putProgram('a', 'b');
    expect(await hashes.hash(file)).toBe(SHA256_OF_B);
  });

  it('is remembered only when the file has not changed for a while', async () => {
    const late = new FileHashes(() => Date.now() + 60_000);
    const file = await putProgram('c', 'a');
    expect(await late.hash(file)).toBe(SHA256_OF_A);
    expect(await late.hash(file)).toBe(SHA256_OF_A);
    await putProgram('d', 'b');
    await rm(file);
    await writeFile(file, 'b');
    expect(await late.hash(file)).toBe(SHA256_OF_B);
  });

  it('is not there for what cannot be read', async () => {
    const hashes = new FileHashes(() => Date.now());
    await expect(hashes.hash(place('none'))).rejects.toMatchObject({ code: 'LAUNCH_FAILED' });
    await expect(hashes.hash(folder)).rejects.toMatchObject({ code: 'LAUNCH_FAILED' });
  });
});
