import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callTool } from '../support/front-door.ts';
import { gatewardCommand, type RunningGateway, startGateway } from '../support/gateway.ts';

const require = createRequire(import.meta.url);
const FILES = join(
  dirname(require.resolve('@modelcontextprotocol/server-filesystem/package.json')),
  'dist',
  'index.js',
);

let folder: string;
const ends: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(homedir(), '.gateward-test-')));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  for (const name of ['in', 'out', 'secret']) await mkdir(join(folder, name));
  await writeFile(join(folder, 'out', 'plain'), 'may be read');
  await writeFile(join(folder, 'secret', 'token'), 'a secret');
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A server that somebody else wrote, which is told that it may do anything below the folder. */
function configFor(ifMissing: string): object {
  const sandbox = { write: [join(folder, 'in')], hide: [join(folder, 'secret')], ifMissing };
  return {
    listen: { port: 0 },
    dataDir: join(folder, 'data'),
    launch: { folders: [join(import.meta.dirname, '..', '..')] },
    upstreams: { files: { command: process.execPath, args: [FILES, folder], sandbox } },
  };
}

async function open(ifMissing = 'refuse', env: Record<string, string> = {}): Promise<RunningGateway> {
  const configFile = join(folder, 'gateward.yaml');
  await writeFile(configFile, JSON.stringify(configFor(ifMissing)));
  const gateway = await startGateway({ configFile, env });
  ends.push(() => gateway.stop());
  return gateway;
}

const textOf = (result: unknown): string => JSON.stringify(result);

describe('an upstream in a sandbox', () => {
  it('serves its tools, and does what its sandbox allows and no more', async () => {
    const gateway = await open();
    const url = `${gateway.url}/servers/files/mcp`;
    const write = (path: string) => callTool(url, 'write_file', { path, content: 'hello' });
    const read = (path: string) => callTool(url, 'read_text_file', { path });
    expect(textOf(await write(join(folder, 'in', 'a')))).toContain('Successfully wrote');
    expect(textOf(await write(join(folder, 'out', 'a')))).toContain('read-only file system');
    expect(textOf(await read(join(folder, 'out', 'plain')))).toContain('may be read');
    for (const path of ['secret/token', 'data/admin.key', 'data/gateward.db', 'gateward.yaml']) {
      const result = await read(join(folder, path));
      expect(textOf(result)).not.toMatch(/a secret|gwa_|SQLite|upstreams/);
    }
    expect(await readFile(join(folder, 'in', 'a'), 'utf8')).toBe('hello');
    expect(await readdir(join(folder, 'out'))).toEqual(['plain']);
    // Rejects if anything is left behind.
    await gateway.stop();
  });
});

describe('a gateway on a machine without sandboxes', () => {
  /** Only what it takes to start: the Node of the tests. */
  async function barePath(): Promise<string> {
    const bin = join(folder, 'bin');
    await mkdir(bin);
    await symlink(process.execPath, join(bin, 'node'));
    return bin;
  }

  it('does not start the upstream, and says what to install', async () => {
    const gateway = await open('refuse', { PATH: await barePath() });
    await expect(callTool(`${gateway.url}/servers/files/mcp`, 'write_file', {})).rejects.toThrow();
    expect(gateway.stderr() + JSON.stringify(gateway.events)).toMatch(/bubblewrap socat ripgrep/);
  });

  it('starts it all the same where the policy says so, and warns', async () => {
    const gateway = await open('start-without-sandbox', { PATH: await barePath() });
    const url = `${gateway.url}/servers/files/mcp`;
    const path = join(folder, 'out', 'a');
    expect(textOf(await callTool(url, 'write_file', { path, content: 'x' }))).toContain('Successfully wrote');
    expect(gateway.stderr() + JSON.stringify(gateway.events)).toMatch(/starts without its sandbox/);
  });

  it('tells by gateward doctor', async () => {
    const configFile = join(folder, 'gateward.yaml');
    await writeFile(configFile, JSON.stringify(configFor('refuse')));
    const bare = await doctor(configFile, { ...process.env, PATH: await barePath() });
    expect(bare).toMatch(/PROBLEM +sandbox: none can run here, and these upstreams ask for one: files/);
    expect(bare).toContain('apt-get install bubblewrap socat ripgrep');
    const here = await doctor(configFile, process.env);
    expect(here).toMatch(/ok +sandbox: can run here/);
    expect(here).toMatch(/ok +sandbox of files: works here/);
    expect(here).toMatch(/ok +upstream files: speaks/);
  });
});

function doctor(configFile: string, env: NodeJS.ProcessEnv): Promise<string> {
  const [program, ...args] = gatewardCommand();
  return new Promise((resolve) => {
    execFile(program, [...args, 'doctor', '--config', configFile], { env }, (_, stdout, stderr) => {
      resolve(`${stdout}\n${stderr}`);
    });
  });
}
