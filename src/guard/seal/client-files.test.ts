import { execFileSync } from 'node:child_process';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClientFile, server } from './client-file.ts';
import { MAX_CLIENT_FILE_BYTES, readClientFile } from './read-client-file.ts';
import { readServers } from './server-entry.ts';
import { editClientFile } from './write-client-file.ts';

let folder: string;
let file: ClientFile;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateward-client-'));
  file = {
    client: 'c',
    path: join(folder, 'sub', 'mcp.json'),
    format: 'json',
    scope: 'user',
    selectors: [server('mcpServers', '*')],
  };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function put(text: string): Promise<void> {
  await mkdir(join(folder, 'sub'), { recursive: true });
  await writeFile(file.path, text);
}
const wanted = [{ path: ['mcpServers', 'a'], value: { url: 'http://x' } }];

describe('readClientFile', () => {
  it('finds the parts of a file', async () => {
    await put('{"mcpServers":{"a":{"url":"u"}}}');
    expect(await readClientFile(file)).toMatchObject({
      state: 'read',
      parts: [{ name: 'a', value: { url: 'u' } }],
    });
  });

  it('takes nothing for an empty file, and no file for none', async () => {
    expect(await readClientFile(file)).toEqual({ state: 'missing' });
    await put('');
    expect(await readClientFile(file)).toMatchObject({ state: 'read', parts: [] });
  });

  it('says why it cannot read what is no file of a client', async () => {
    await put('');
    const reasonOf = async (): Promise<unknown> => {
      const reading = await readClientFile(file);
      return reading.state === 'broken' ? reading.reason : reading.state;
    };
    await truncate(file.path, MAX_CLIENT_FILE_BYTES + 1);
    expect(await reasonOf()).toContain('larger');
    await writeFile(file.path, Buffer.of(0x7b, 0xff, 0x7d));
    expect(await reasonOf()).toContain('UTF-8');
    await rm(file.path);
    await symlink(join(folder, 'nowhere'), file.path);
    expect(await reasonOf()).toContain('leads nowhere');
    await rm(file.path);
    await mkdir(file.path);
    expect(await reasonOf()).toMatch(/no file|folder/);
    await rm(file.path, { recursive: true });
    execFileSync('mkfifo', [file.path]);
    expect(await reasonOf()).toContain('no file');
  });
});

describe('editClientFile', () => {
  it('makes a missing file for its owner alone', async () => {
    expect(await editClientFile(file, wanted)).toBe(true);
    expect((await stat(file.path)).mode & 0o777).toBe(0o600);
  });

  it('keeps the rights of the file, and writes nothing that stands there already', async () => {
    await put('{}');
    await chmod(file.path, 0o640);
    await editClientFile(file, wanted);
    const before = await stat(file.path);
    expect(before.mode & 0o777).toBe(0o640);
    expect(await editClientFile(file, wanted)).toBe(false);
    expect((await stat(file.path)).ino).toBe(before.ino);
  });

  it.each(['{ broken', '[]', '{"mcpServers": 1, "mcpServers": {}}'])('leaves %s alone', async (text) => {
    await put(text);
    await expect(editClientFile(file, wanted)).rejects.toMatchObject({ code: 'CLIENT_CONFIG_INVALID' });
    expect(await readFile(file.path, 'utf8')).toBe(text);
    expect(await readdir(join(folder, 'sub'))).toEqual(['mcp.json']);
  });
});

describe('readServers', () => {
  it.each([
    [
      { command: 'npx', args: ['-y', 'a'], env: { K: 'v' } },
      { transport: 'stdio', command: 'npx', args: ['-y', 'a'], env: { K: 'v' } },
    ],
    [
      { command: ['bun', 'x'], environment: { K: 'v' } },
      { transport: 'stdio', command: 'bun', args: ['x'], env: { K: 'v' } },
    ],
    [{ command: { path: '/bin/a', args: ['b'] } }, { transport: 'stdio', command: '/bin/a', args: ['b'] }],
    [
      { cmd: 'uvx', args: ['a'], envs: { K: 'v' } },
      { transport: 'stdio', command: 'uvx', env: { K: 'v' } },
    ],
    [{ serverUrl: 'https://x' }, { transport: 'http', url: 'https://x' }],
    [
      { uri: 'https://x', type: 'sse' },
      { transport: 'sse', url: 'https://x' },
    ],
    [
      { url: 'https://x', type: 'streamableHttp', headers: { A: 'b' } },
      { transport: 'http', headers: { A: 'b' } },
    ],
    [
      { url: 'https://x', bearer_token_env_var: 'T', http_headers: { A: 'b' }, env_http_headers: { C: 'D' } },
      { bearerVariable: 'T', headers: { A: 'b' }, headerVariables: { C: 'D' } },
    ],
    [
      { url: 'https://x', requestOptions: { headers: { A: 'b' } }, disabled: true },
      { headers: { A: 'b' }, isEnabled: false },
    ],
    ['nonsense', { transport: 'unknown' }],
  ])('reads %j', (value, expected) => {
    const part = { kind: 'server', path: ['m', 'a'], pointer: '/m/a', name: 'a', value } as const;
    expect(readServers(file, [part])).toMatchObject([{ name: 'a', ...expected }]);
  });
});
