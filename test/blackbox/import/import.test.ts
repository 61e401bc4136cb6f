import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasHidden } from '../../../src/lib/hidden-text.ts';
import { CANARY, CLIENT_FILES, makeHome, type TestHome } from './homes.ts';

let at: TestHome;
beforeEach(async () => {
  at = await makeHome();
});
afterEach(() => at.remove());

const servers = (mcpServers: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ mcpServers }, null, 2);

/** Paths of the files in which a text stands. */
async function whereIs(text: string): Promise<readonly string[]> {
  const files = await at.all();
  return Object.keys(files).filter((path) => files[path]?.includes(text));
}

interface ImportResult {
  readonly servers: readonly {
    readonly name: string;
    readonly state: string;
    readonly upstream?: string;
    readonly reason?: string;
    readonly launch?: { readonly verdict: string } | null;
  }[];
  readonly files: readonly string[];
  readonly secretFiles: readonly string[];
  readonly leftovers: readonly string[];
}

async function importAll(...args: readonly string[]): Promise<ImportResult> {
  const { stdout } = await at.run(['import', '--yes', '--json', ...args]);
  return JSON.parse(stdout);
}

describe('gateward import', () => {
  it('leaves tokens of every client in files that only their owner may read, and nowhere else', async () => {
    await at.write(CLIENT_FILES);
    const done = await importAll();
    expect(done.files).toHaveLength(Object.keys(CLIENT_FILES).length);
    expect(done.servers.map(({ state }) => state)).not.toContain('left');
    const places = await whereIs(CANARY);
    expect(places.every((path) => path.startsWith('gateway/data/secrets/'))).toBe(true);
    expect(places).toHaveLength(
      new Set(
        Object.values(CLIENT_FILES)
          .join()
          .match(/CANARY-\w+/g),
      ).size,
    );
    for (const path of places) expect((await stat(join(at.home, path))).mode & 0o777).toBe(0o600);
  });

  it('leaves one entry that leads to the gateway in each file, and the rest of the file as it was', async () => {
    await at.write(CLIENT_FILES);
    await importAll();
    const all = await at.all();
    for (const path of Object.keys(CLIENT_FILES))
      expect(all[path]?.split('http://127.0.0.1:3232/mcp')).toHaveLength(2);
    expect(all['.cursor/mcp.json']).toBe(
      '{\n  // my servers\n  "mcpServers": {\n    "gateward": {\n      "url": "http://127.0.0.1:3232/mcp"\n    }\n    // old\n  },\n}\n',
    );
    expect(all['.codex/config.toml']).toContain('[profiles.x]\nmodel = "p" # why\n');
    expect(all['.config/zed/settings.json']).toContain('  // editor\n  "vim_mode": true,');
    expect(JSON.parse(all['.config/Claude/claude_desktop_config.json'] ?? '')).toMatchObject({
      mcpServers: {
        gateward: { args: [expect.stringContaining('gateward.js'), 'connect', expect.anything()] },
      },
    });
    expect(JSON.parse(all['.claude.json'] ?? '')).toMatchObject({
      mcpServers: { gateward: { type: 'http' } },
      projects: { '/home/me/work': { hasTrustDialogAccepted: true, mcpServers: {} } },
    });
  });

  it('writes a configuration that the gateway takes, with each server once', async () => {
    await at.write(CLIENT_FILES);
    const done = await importAll();
    const same = done.servers.find(({ name }) => name === 'GitHub');
    expect(same).toMatchObject({ state: 'same', upstream: 'github' });
    const again = await importAll();
    expect(again.files).toEqual([]);
    const text = await at.read('gateway/gateward.yaml');
    expect(text.match(/github\.example/g)).toHaveLength(1);
    expect(text).toContain('transport: sse');
  });

  it('puts every file back, byte for byte, and forgets what it knew', async () => {
    await at.write(CLIENT_FILES);
    await importAll();
    const undone = await at.run(['import', '--undo', '--yes']);
    expect(undone).toMatchObject({ code: 0, stderr: '' });
    const all = await at.all();
    for (const [path, content] of Object.entries(CLIENT_FILES)) expect(all[path]).toBe(content);
    expect(Object.keys(all).filter((path) => path.startsWith('gateway/data/secrets/'))).toEqual([]);
    expect(all['gateway/gateward.yaml']).not.toContain('github');
  });

  it('puts entries back into a file that the client has written since', async () => {
    await at.write({ '.cursor/mcp.json': CLIENT_FILES['.cursor/mcp.json'] ?? '' });
    await importAll();
    const changed = (await at.read('.cursor/mcp.json')).replace('// my servers', '"theme": "dark",');
    await at.write({ '.cursor/mcp.json': changed });
    await at.run(['import', '--undo', '--yes']);
    const text = await at.read('.cursor/mcp.json');
    expect(text).toContain('"theme": "dark"');
    expect(text).toContain(`${CANARY}-cursor`);
    expect(text).not.toContain('127.0.0.1');
  });

  it('leaves upstreams and tokens that somebody has changed since, when it is undone', async () => {
    await at.write({ '.cursor/mcp.json': CLIENT_FILES['.cursor/mcp.json'] ?? '' });
    await importAll();
    const config = await at.read('gateway/gateward.yaml');
    const secret = 'gateway/data/secrets/github.Authorization';
    await at.write({
      'gateway/gateward.yaml': config.replace('notes-mcp@1.2.3', 'notes-mcp@1.3.0'),
      [secret]: 'the new token\n',
    });
    const { code, stdout } = await at.run(['import', '--undo', '--yes', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ removed: ['github'], changed: ['notes'] });
    expect(await at.read('.cursor/mcp.json')).toBe(CLIENT_FILES['.cursor/mcp.json']);
    expect(await at.read('gateway/gateward.yaml')).toContain('notes-mcp@1.3.0');
    expect(await at.read('gateway/data/secrets/notes.NOTES_API_KEY')).toContain(CANARY);
    expect(await at.read(secret)).toBe('the new token\n');
  });

  it('starts nothing, refuses what nobody can read, and says what stays behind', async () => {
    const marker = join(at.home, 'marker');
    await at.write({
      '.cursor/mcp.json': servers({
        shell: { command: 'bash', args: ['-c', `touch ${marker}`] },
        call: { command: 'npx', args: ['-y', '-c', `touch ${marker}`] },
        hidden: {
          command: 'npx',
          args: ['-y', 'notes-mcp@1.2.3\u202e'],
          env: { NOTES_TOKEN: `${CANARY}-h` },
        },
        preload: { command: 'node', args: ['/srv/x.js'], env: { LD_PRELOAD: '/tmp/x.so' } },
      }),
    });
    const done = await importAll();
    const left = done.servers.filter(({ state }) => state === 'left');
    expect(left.map(({ name }) => name).sort()).toEqual(['call', 'hidden', 'preload']);
    for (const { reason } of left) expect(reason).toMatch(/^REFUSED/);
    expect(done.servers.find(({ name }) => name === 'shell')?.launch).toMatchObject({
      verdict: 'needs-approval',
    });
    await expect(access(marker)).rejects.toThrow();
    const text = await at.read('.cursor/mcp.json');
    expect(text).toContain('"hidden"');
    expect(text).not.toContain('"shell"');
    const said = await at.run(['import', '--dry-run']);
    expect(said.stdout).toContain('REFUSED (text.hidden)');
  });

  it('leaves what only the client can do, and what is switched off, with the client', async () => {
    await at.write({
      '.config/Code/User/mcp.json': JSON.stringify({
        servers: {
          input: { command: 'npx', args: ['-y', 'a-mcp@1.0.0'], env: { A_KEY: '${input:key}' } },
          file: { command: 'npx', args: ['-y', 'b-mcp@1.0.0'], envFile: '.env' },
        },
      }),
      '.cursor/mcp.json': servers({
        off: { command: 'npx', args: ['-y', 'c-mcp@1.0.0'], disabled: true },
        unset: { url: 'https://x.example/mcp', headers: { Authorization: 'Bearer ${env:NO_SUCH_VARIABLE}' } },
        set: { url: 'https://y.example/mcp', headers: { Authorization: 'Bearer ${env:Y_TOKEN}' } },
        odd: { url: 'https://z.example/mcp', headers: { Host: 'other' } },
      }),
    });
    const { stdout } = await at.run(['import', '--yes', '--json'], { Y_TOKEN: 'y' });
    const done: ImportResult = JSON.parse(stdout);
    const states = Object.fromEntries(done.servers.map(({ name, state }) => [name, state]));
    expect(states).toEqual({
      input: 'left',
      file: 'left',
      off: 'left',
      unset: 'left',
      odd: 'left',
      set: 'moved',
    });
    expect(await at.read('gateway/gateward.yaml')).toContain('Authorization: Bearer ${Y_TOKEN}');
  });

  it('leaves what holds a secret that the gateway has no place for with the client', async () => {
    const url = 'https://x.example/mcp';
    const npx = { command: 'npx', args: ['-y', 'a-mcp@1.0.0'] };
    const secret = `${CANARY}-kept`;
    const left = {
      key: { url, bearerToken: secret },
      nested: { url, requestInit: { headers: { Authorization: `Bearer ${secret}` } } },
      variables: { url, env: { API_KEY: secret } },
      headers: { ...npx, headers: { 'X-Api-Key': secret } },
      line: { command: `API_KEY=${secret} npx -y a-mcp@1.0.0` },
    };
    const moved = {
      plain: { ...npx, alwaysAllow: ['get_token'], gallery: true, timeout: 60, headers: {} },
      path: { command: '/nix/store/3f2b9c4d1a2b4c3d8e9f0a1b2c3d4e5f-mcp/bin/mcp' },
    };
    await at.write({ '.cursor/mcp.json': servers({ ...left, ...moved }) });
    const done = await importAll();
    const states = Object.fromEntries(done.servers.map(({ name, state }) => [name, state]));
    const names = (all: object, state: string) => Object.keys(all).map((name) => [name, state]);
    expect(states).toEqual(Object.fromEntries([...names(left, 'left'), ...names(moved, 'moved')]));
    expect(await whereIs(secret)).toEqual(['.cursor/mcp.json']);
    const { mcpServers } = JSON.parse(await at.read('.cursor/mcp.json'));
    expect(mcpServers).toMatchObject(left);
  });

  it('writes nothing in a dry run, and without anybody who agrees', async () => {
    await at.write(CLIENT_FILES);
    const before = await at.all();
    expect(await at.run(['import', '--dry-run'])).toMatchObject({ code: 0 });
    expect(await at.run(['import'])).toMatchObject({ code: 1, stderr: expect.stringContaining('--yes') });
    expect(await at.all()).toEqual(before);
  });

  it('imports the clients that are named, and refuses others', async () => {
    await at.write(CLIENT_FILES);
    const done = await importAll('--client', 'cursor', '--client', 'codex');
    expect(done.files.map((path) => path.slice(at.home.length + 1)).sort()).toEqual([
      '.codex/config.toml',
      '.cursor/mcp.json',
    ]);
    expect(await at.run(['import', '--client', 'nobody'])).toMatchObject({ code: 2 });
  });

  it('shows names and arguments of strangers with nothing hidden', async () => {
    const name = 'x\u001b[2J\u202e<script>\nStart? yes';
    await at.write({
      '.cursor/mcp.json': servers({ [name]: { command: 'npx', args: ['-y', 'a@1.0.0', '\u009b1m\u200b'] } }),
    });
    for (const args of [
      ['import', '--dry-run'],
      ['import', '--dry-run', '--json'],
    ]) {
      const { stdout, stderr } = await at.run(args);
      expect(hasHidden((stdout + stderr).replaceAll('\n', ''))).toBe(false);
      expect(stdout).not.toContain('\nStart? yes');
    }
  });

  it('leaves broken files alone and goes on with the others', async () => {
    await at.write({
      '.cursor/mcp.json': '{ "mcpServers": { "a": ',
      '.gemini/settings.json': CLIENT_FILES['.gemini/settings.json'] ?? '',
    });
    const ran = await at.run(['import', '--yes']);
    expect(ran).toMatchObject({ code: 1, stdout: expect.stringContaining('.cursor/mcp.json is left alone') });
    expect(await at.read('.cursor/mcp.json')).toBe('{ "mcpServers": { "a": ');
    expect(await at.read('.gemini/settings.json')).not.toContain(CANARY);
  });

  it('names copies that still hold a token', async () => {
    const text = CLIENT_FILES['.claude.json'] ?? '';
    await at.write({
      '.claude.json': text,
      '.claude.json.backup': text,
      '.claude/backups/.claude.json.1': text,
    });
    const { leftovers } = await importAll();
    expect(leftovers.map((path) => path.slice(at.home.length + 1))).toEqual([
      '.claude.json.backup',
      '.claude/backups/.claude.json.1',
    ]);
  });

  it('shows what undoing would do, and writes nothing, where it is a dry run', async () => {
    await at.write(CLIENT_FILES);
    await importAll();
    const before = await at.all();
    const shown = await at.run(['import', '--undo', '--dry-run', '--yes', '--json']);
    expect(shown).toMatchObject({ code: 0 });
    expect(JSON.parse(shown.stdout)).toMatchObject({ dryRun: true, kept: [], failed: [], configError: null });
    expect(JSON.parse(shown.stdout).restored).toHaveLength(Object.keys(CLIENT_FILES).length);
    expect(await at.all()).toEqual(before);
  });

  it('refuses to undo what another master secret sealed', async () => {
    await at.write(CLIENT_FILES);
    await importAll();
    const undone = await at.run(['import', '--undo', '--yes'], { GATEWARD_SECRET: 'x'.repeat(40) });
    expect(undone.code).toBe(1);
    expect(await whereIs(CANARY)).not.toContain('.cursor/mcp.json');
  });
});
