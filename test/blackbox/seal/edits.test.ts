import { appendFile, chmod, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLAUDE_JSON, type ClientsHome, makeHome, RELAY, TOKEN } from './clients-home.ts';

let home: ClientsHome;

beforeEach(async () => {
  home = await makeHome({ '.claude.json': CLAUDE_JSON });
});
afterEach(() => home.close());

const withServer = CLAUDE_JSON.replace(
  '"mcpServers": {',
  '"mcpServers": {\n    "notes": { "command": "npx", "args": ["-y", "notes-mcp@1.2.3"] },',
);

describe("a user's own edit", () => {
  it('of a new server raises a question alone, and is left as it is', async () => {
    await home.seal();
    const watch = await home.watch('--restore');
    await home.write('.claude.json', withServer);
    const told = await watch.next('question');
    expect(told).toMatchObject({ kind: 'server', name: 'notes', what: 'added' });
    expect(watch.events.map(({ event }) => event)).toEqual(['watching', 'question']);
    expect(await home.read('.claude.json')).toBe(withServer);
  });

  it('of anything but servers, hooks and trust says nothing', async () => {
    await home.seal();
    await home.write('.claude.json', CLAUDE_JSON.replace('41', '42').replace('["one"]', '["one", "two"]'));
    expect(await home.run('verify')).toMatchObject({ code: 0 });
  });

  it('becomes the new seal without --accept, and an alarm does not', async () => {
    await home.seal();
    await home.write('.claude.json', withServer);
    await home.seal();
    expect(await home.run('verify')).toMatchObject({ code: 0 });
    await home.write('.claude.json', withServer.replace('https://api.githubcopilot.com/mcp/', RELAY));
    const refused = await home.run('seal');
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ sealed: false, changes: [{ level: 'alarm' }] });
    expect(await home.run('seal', '--accept')).toMatchObject({ code: 0 });
    expect(await home.run('verify')).toMatchObject({ code: 0 });
  });

  it('of a folder name that does not exist is no seal of nothing', async () => {
    await home.seal();
    const absent = await home.run('seal', '--project', home.path('absent'));
    expect(absent.code).toBe(2);
    expect(JSON.parse(absent.stdout)).toMatchObject({ error: { code: 'INPUT_UNREADABLE' } });
  });

  it('that is sealed for one client, or without a project, leaves the others guarded as they were', async () => {
    const notes = 'work/.cursor/mcp.json';
    await home.write(notes, '{ "mcpServers": { "gateway": { "url": "http://127.0.0.1:3232/mcp" } } }');
    await home.seal('--project', home.path('work'));
    await home.seal('--client', 'codex');
    await home.seal();
    await home.write(notes, `{ "mcpServers": { "gateway": { "url": "${RELAY}" } } }`);
    const { code, stdout } = await home.run('verify');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ changes: [{ file: home.path(notes), level: 'alarm' }] });
    // What is accepted is what this seal looks at.
    expect(await home.run('seal', '--accept', '--client', 'codex')).toMatchObject({ code: 0 });
    expect(await home.run('verify')).toMatchObject({ code: 1 });
  });

  it('that is sealed while the watch runs is known to the watch', async () => {
    await home.seal();
    const watch = await home.watch();
    await home.write('.claude.json', withServer);
    await watch.next('question');
    await home.seal();
    await watch.next('watching', (told) => told !== watch.events[0]);
    await home.write('.claude.json', CLAUDE_JSON);
    expect(await watch.next('question', ({ what }) => what === 'removed')).toMatchObject({ name: 'notes' });
  });
});

describe('gateward verify', () => {
  it('shows what changed with secrets masked, and warns of servers past the gateway', async () => {
    const sealed = await home.run('seal');
    await home.write('.claude.json', CLAUDE_JSON.replace(TOKEN, `${TOKEN}x`));
    const { code, stdout, stderr } = await home.run('verify');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      unchanged: false,
      changes: [{ level: 'alarm', pointer: '/mcpServers/github', what: 'changed' }],
      warnings: [{ name: 'github' }],
      note: expect.stringContaining('does not prevent'),
    });
    const [change] = JSON.parse(stdout).changes;
    expect(change.before.headers).not.toEqual(change.after.headers);
    for (const text of [stdout, stderr, sealed.stdout]) expect(text).not.toContain(TOKEN);
    expect(await readFile(home.path('.gateward/client-seal'), 'latin1')).not.toContain('github');
  });

  it('shows characters that cannot be seen, and takes them for an alarm', async () => {
    await home.seal();
    await home.write('.claude.json', withServer.replace('notes-mcp', 'notes\u202E-mcp'));
    const { stdout } = await home.run('verify');
    expect(stdout).toContain('\\u202e');
    expect(JSON.parse(stdout)).toMatchObject({ changes: [{ level: 'alarm', name: 'notes' }] });
  });

  it('says that there is no seal', async () => {
    const { code, stdout } = await home.run('verify');
    expect(code).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'SEAL_MISSING' } });
  });

  it('knows a file that is gone, made later, broken or a link by now', async () => {
    await home.write('.codex/config.toml', '[mcp_servers.a]\nurl = "http://127.0.0.1:3232/mcp"\n');
    await home.write('.cursor/mcp.json', '{"mcpServers":{}}');
    await home.write('.gemini/settings.json', '{}');
    await home.seal();
    await rm(home.path('.codex/config.toml'));
    await home.write('.cursor/mcp.json', '{"mcpServers":');
    await home.write(
      '.codeium/windsurf/mcp_config.json',
      '{"mcpServers":{"new":{"serverUrl":"https://x.example"}}}',
    );
    await rename(home.path('.gemini/settings.json'), home.path('elsewhere.json'));
    await symlink(home.path('elsewhere.json'), home.path('.gemini/settings.json'));
    const { changes } = JSON.parse((await home.run('verify')).stdout);
    expect(changes).toEqual([
      expect.objectContaining({ client: 'cursor', what: 'unreadable', level: 'alarm' }),
      expect.objectContaining({ client: 'windsurf', what: 'added', name: 'new', level: 'question' }),
      expect.objectContaining({ client: 'codex', what: 'removed', level: 'alarm' }),
      expect.objectContaining({ client: 'gemini-cli', what: 'redirected', level: 'alarm' }),
    ]);
  });

  it('takes a key that stands twice for what it is: two readings of one file', async () => {
    await home.seal();
    await home.write(
      '.claude.json',
      CLAUDE_JSON.replace('"gateway":', '"github": { "url": "x" }, "gateway":'),
    );
    const { changes } = JSON.parse((await home.run('verify')).stdout);
    expect(changes).toEqual([
      expect.objectContaining({ what: 'unreadable', reason: expect.stringContaining('twice') }),
    ]);
  });
});

describe('the seal itself', () => {
  it.each([
    ['edited', async () => appendFile(home.path('.gateward/client-seal'), 'A')],
    ['forged', async () => writeFile(home.path('.gateward/client-seal'), 'QUJD')],
    ['sealed with another key', async () => rm(home.path('.gateward/secret.key'))],
  ])('is not trusted when it was %s', async (_, tamper) => {
    await home.seal();
    await tamper();
    for (const command of ['verify', 'watch', 'seal']) {
      const { code, stdout } = await home.run(command);
      expect([command, code]).toEqual([command, 6]);
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'SEAL_INVALID' } });
    }
    expect(await home.run('seal', '--accept')).toMatchObject({ code: 0 });
  });

  it('may be read by its owner alone, and so may its key', async () => {
    await home.seal();
    await chmod(home.path('.gateward/secret.key'), 0o644);
    expect(JSON.parse((await home.run('verify')).stdout)).toMatchObject({
      error: { code: 'SECRET_INVALID' },
    });
  });

  it('goes on guarding with what it knows when it is taken away', async () => {
    await home.seal();
    const watch = await home.watch();
    await rm(home.path('.gateward/client-seal'));
    expect(await watch.next('seal-lost')).toMatchObject({ code: 'SEAL_MISSING', level: 'alarm' });
    await home.write('.claude.json', CLAUDE_JSON.replace('https://api.githubcopilot.com/mcp/', RELAY));
    await watch.next('alarm');
    expect(await watch.stop()).toBe(0);
  });
});

describe('restoring', () => {
  it('leaves a file alone that is marked as read-only, and says so', async () => {
    await home.seal();
    const bad = CLAUDE_JSON.replace('https://api.githubcopilot.com/mcp/', RELAY);
    await home.write('.claude.json', bad);
    await chmod(home.path('.claude.json'), 0o444);
    const watch = await home.watch('--restore');
    const told = await watch.next('restore-failed');
    expect(told['error']).toContain('read-only');
    expect(await home.read('.claude.json')).toBe(bad);
  });

  it('goes through a link that was there when it was sealed, and keeps it', async () => {
    await home.write('dotfiles/claude.json', CLAUDE_JSON);
    await rm(home.path('.claude.json'));
    await symlink(home.path('dotfiles/claude.json'), home.path('.claude.json'));
    await home.seal();
    const watch = await home.watch('--restore');
    await home.write(
      'dotfiles/claude.json',
      CLAUDE_JSON.replace('https://api.githubcopilot.com/mcp/', RELAY),
    );
    await watch.next('restored');
    expect(await home.read('dotfiles/claude.json')).toBe(CLAUDE_JSON);
  });

  it('never writes through a link that came later', async () => {
    await home.seal();
    const watch = await home.watch('--restore');
    const bad = CLAUDE_JSON.replace('https://api.githubcopilot.com/mcp/', RELAY);
    await home.write('other.json', bad);
    await symlink(home.path('other.json'), home.path('link'));
    await rename(home.path('link'), home.path('.claude.json'));
    await watch.next('alarm', ({ what }) => what === 'redirected');
    await watch.next('alarm', ({ kind }) => kind === 'server');
    expect(await home.read('other.json')).toBe(bad);
  });

  it('goes on when everything was replaced by nothing', async () => {
    await home.write('.cursor/mcp.json', '{ "mcpServers": { "g": { "url": "http://127.0.0.1:3232/mcp" } } }');
    await home.seal();
    const watch = await home.watch('--restore');
    await home.write('.cursor/mcp.json', '{ "mcpServers": null }');
    await watch.next('restored');
    expect(JSON.parse(await home.read('.cursor/mcp.json'))).toEqual({
      mcpServers: { g: { url: 'http://127.0.0.1:3232/mcp' } },
    });
    expect(await watch.stop()).toBe(0);
  });

  it('puts TOML and YAML back, comments and all', async () => {
    const toml = '# mine\nmodel = "o"\n\n[mcp_servers.a] # one\nurl = "https://a.example/mcp"\n';
    const yaml =
      '# mine\nextensions:\n  a: # one\n    type: sse\n    uri: https://a.example/mcp\n    enabled: true\n';
    await home.write('.codex/config.toml', toml);
    await home.write('.config/goose/config.yaml', yaml);
    await home.seal();
    const watch = await home.watch('--restore');
    await home.write('.codex/config.toml', toml.replace('https://a.example/mcp', RELAY));
    await home.write('.config/goose/config.yaml', yaml.replace('https://a.example/mcp', RELAY));
    await watch.next('restored', ({ client }) => client === 'codex');
    await watch.next('restored', ({ client }) => client === 'goose');
    expect(await home.read('.codex/config.toml')).toBe(toml);
    expect(await home.read('.config/goose/config.yaml')).toBe(
      yaml.replace('https://a.example/mcp', '"https://a.example/mcp"'),
    );
  });
});
