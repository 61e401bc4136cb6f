import { mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readEnvironment } from '../../config/env.ts';
import { openStoreOf } from '../open-store-of.ts';
import { createTerminal } from '../terminal.ts';
import { type AddServerOptions, addServer } from './server-add.ts';
import { removeServer } from './server-remove.ts';

let folder: string;
let config: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateward-add-'));
  config = join(folder, 'gateward.yaml');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const environment = readEnvironment({ PATH: process.env['PATH'], SHELL_OF_MINE: 'bash' });

/** Adds a server with the answers that somebody gives; gives what was said and asked. */
async function add(options: Partial<AddServerOptions>, answers: readonly string[] | undefined = undefined) {
  const said: string[] = [];
  const asked: string[] = [];
  const stream = { write: (text: string) => said.push(text) };
  const code = await addServer(
    {
      config,
      name: 'new',
      url: undefined,
      headers: [],
      command: [],
      env: [],
      envFrom: [],
      cwd: undefined,
      isAgreed: false,
      isDangerAgreed: false,
      ...options,
    },
    {
      terminal: createTerminal({ stdout: stream, stderr: stream }, false),
      environment,
      ask: async ({ text }) => {
        asked.push(text);
        return answers?.[asked.length - 1];
      },
    },
  );
  return { code, said: said.join(''), asked };
}

const NOTES = ['npx', '-y', 'notes-mcp@1.2.3'];

describe('server add', () => {
  it('shows a command one argument a line and asks before it writes', async () => {
    const { said, asked } = await add({ command: [...NOTES, 'a\u00e4 b'] }, ['y']);
    expect(said).toContain('  "npx"\n    "-y"\n    "notes-mcp@1.2.3"\n    "aä b"\n  accept (npm.exact)');
    expect(asked).toEqual(['Start this command from now on? [y/N] ']);
    expect(await readFile(config, 'utf8')).toContain('args: [-y, notes-mcp@1.2.3, aä b]');
  });

  it.each(['n', '', undefined])('writes nothing if the answer is %j', async (answer) => {
    await writeFile(config, '# mine\n');
    const answers = answer === undefined ? undefined : [answer];
    await expect(add({ command: NOTES }, answers)).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    expect(await readFile(config, 'utf8')).toBe('# mine\n');
  });

  it('wants more than one answer for what is dangerous', async () => {
    const command = ['bash', '-c', 'true'];
    await expect(add({ command }, ['y'])).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    await expect(add({ command, isAgreed: true })).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    const { said, asked } = await add({ command }, ['y', 'new']);
    expect(said).toContain('DANGEROUS  needs-approval (program.shell)');
    expect(asked[1]).toMatch(/^It is DANGEROUS.*Type new to start it all the same: $/s);
  });

  it('names every option that agrees beforehand at once where nobody can be asked', async () => {
    const command = ['bash', '-c', 'true'];
    await expect(add({ command })).rejects.toThrow(/beforehand with --yes --yes-dangerous\.$/);
    await expect(add({ command, isAgreed: true })).rejects.toThrow(/beforehand with --yes-dangerous\.$/);
    await expect(add({ command, isDangerAgreed: true })).rejects.toThrow(/beforehand with --yes\.$/);
    await expect(add({ command: NOTES })).rejects.toThrow(/beforehand with --yes\.$/);
  });

  it('gives no such advice to who answers', async () => {
    const command = ['bash', '-c', 'true'];
    for (const answers of [['n'], ['y', 'no']])
      await expect(add({ command }, answers)).rejects.toThrow(/^Nobody agreed, so nothing was changed\.$/);
  });

  it('judges what stands for a variable, as it would be started', async () => {
    const command = ['${SHELL_OF_MINE}', '-c', 'true'];
    await expect(add({ command, isAgreed: true })).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    const { said, asked } = await add({ command }, ['y', 'new']);
    expect(said).toContain('DANGEROUS  needs-approval (program.shell)');
    expect(asked).toHaveLength(2);
    expect(await readFile(config, 'utf8')).toContain('command: ${SHELL_OF_MINE}');
  });

  it('never writes what is refused, whoever agrees', async () => {
    const command = ['npx', '-y', 'notes-mcp@1.2.3\u202e'];
    const adding = add({ command, isAgreed: true, isDangerAgreed: true }, ['y', 'new']);
    await expect(adding).rejects.toMatchObject({ code: 'LAUNCH_REFUSED' });
    await expect(stat(config)).rejects.toThrow();
  });

  it('records that a command outside the grammar may start', async () => {
    const { said } = await add({
      command: [process.execPath, '--version'],
      isAgreed: true,
      isDangerAgreed: true,
    });
    expect(said).not.toContain('server approve');
  });

  it('forgets nothing that waits, as long as gateways keep it', async () => {
    const kind = 'sqlite';
    const store = await openStoreOf({ kind, file: join(folder, 'data', 'gateward.db') });
    const rest = { findings: '[]', state: 'pending', decidedBy: undefined } as const;
    const tool = { ...rest, upstream: 'new', kind: 'tools', digest: 'sha256:1', body: '{}' } as const;
    const seen = Array.from({ length: 1_100 }, (_, n) => ({ ...tool, name: `tool ${n}` }));
    await store.approvals.see(seen, 10_000);
    await add({ command: [process.execPath, '--version'], isAgreed: true, isDangerAgreed: true });
    const waiting = await store.approvals.list({ upstream: 'new', state: 'pending' }, { max: 2_000 });
    const launches = await store.approvals.list({ kind: 'launch', state: 'approved' }, { max: 10 });
    await store.close();
    expect([waiting.length, launches.length]).toEqual([1_100, 1]);
  });

  it('puts secrets into files that only their owner may read', async () => {
    await add({
      url: 'https://me:CANARY@x.example/mcp?api_key=CANARY',
      headers: ['X-Token: CANARY', 'X-Region: eu'],
    });
    await add({ name: 'two', command: NOTES, env: ['NOTES_KEY=CANARY', 'NOTES_MODE=fast'], isAgreed: true });
    const text = await readFile(config, 'utf8');
    expect(text).not.toContain('CANARY');
    expect(text).toContain('X-Region: eu');
    expect(text).toContain('NOTES_MODE: fast');
    expect((await stat(join(folder, 'data', 'secrets', 'two.NOTES_KEY'))).mode & 0o777).toBe(0o600);
  });

  it('changes nothing if the loader does not take the result', async () => {
    await writeFile(config, 'upstreams: {}\n');
    const adding = add({ url: 'https://x.example/mcp', headers: ['Host: other', 'X-Token: CANARY'] });
    await expect(adding).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(await readFile(config, 'utf8')).toBe('upstreams: {}\n');
    await expect(stat(join(folder, 'data', 'secrets', 'new.X-Token'))).rejects.toThrow();
  });

  it.each(['all', 'A', 'a b', '-a', '../x', 'there'])('refuses the name %s', async (name) => {
    await writeFile(config, 'upstreams: { there: { url: "http://x/" } }\n');
    await expect(add({ name, url: 'http://y/' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('keeps the mode of the file, and a link to it', async () => {
    const real = join(folder, 'real.yaml');
    await writeFile(real, '# mine\n', { mode: 0o640 });
    await symlink('real.yaml', config);
    await add({ url: 'http://y/' });
    expect(await readFile(real, 'utf8')).toBe('# mine\nupstreams:\n  new:\n    url: http://y/\n');
    expect((await stat(real)).mode & 0o777).toBe(0o640);
  });
});

describe('server remove', () => {
  const quiet = createTerminal({ stdout: { write: () => true }, stderr: { write: () => true } }, false);
  const remove = (name: string) => removeServer({ config, name }, { terminal: quiet, environment });

  it('takes out what add put in, with its secrets', async () => {
    await writeFile(config, '# mine\nlisten: { port: 1 }\n');
    await add({ url: 'https://x.example/mcp', headers: ['X-Token: CANARY'] });
    await remove('new');
    expect(await readFile(config, 'utf8')).toBe('# mine\nlisten: { port: 1 }\nupstreams: {}\n');
    await expect(stat(join(folder, 'data', 'secrets', 'new.X-Token'))).rejects.toThrow();
  });

  it('refuses what is not there, and what a server takes from', async () => {
    await writeFile(config, 'upstreams: { a: { url: "http://x/" } }\nservers: { s: { from: { a: {} } } }\n');
    await expect(remove('b')).rejects.toMatchObject({ code: 'SERVER_NOT_FOUND' });
    await expect(remove('a')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
