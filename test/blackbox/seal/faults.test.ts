import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gatewardCommand } from '../../support/gateway.ts';
import { CLAUDE_JSON, type ClientsHome, makeHome, RELAY } from './clients-home.ts';

/** A process that may write no file above 4 KB meets the same fault as one on a full disk: a write that fails midway. */
const LIMITED = 'ulimit -f 4; exec "$@"';
const big = (url: string): string =>
  CLAUDE_JSON.replace('"numStartups": 41', `"history": "${'x'.repeat(20_000)}"`).replace(
    'https://api.githubcopilot.com/mcp/',
    url,
  );

let home: ClientsHome;

beforeEach(async () => {
  home = await makeHome({ '.claude.json': big('https://api.githubcopilot.com/mcp/') });
  await home.seal();
});
afterEach(() => home.close());

describe.runIf(process.platform === 'linux')('a disk that takes no more', () => {
  it('leaves the old seal as it was', async () => {
    const before = await home.read('.gateward/client-seal');
    const { code, stdout } = await runLimited('seal');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'DATA_FOLDER_UNUSABLE' } });
    expect(await home.read('.gateward/client-seal')).toBe(before);
    expect(await readdir(home.path('.gateward'))).toEqual(['client-seal', 'secret.key']);
    expect(await home.run('verify')).toMatchObject({ code: 0 });
  });

  it('leaves the file as it is when it cannot be restored, and says so', async () => {
    await home.write('.claude.json', big(RELAY));
    const child = start('watch', '--restore');
    let told = '';
    child.stdout.setEncoding('utf8');
    for await (const piece of child.stdout) {
      told += piece;
      if (told.includes('restore-failed')) break;
    }
    child.kill();
    expect(told).toContain('may write no larger files');
    expect(await home.read('.claude.json')).toBe(big(RELAY));
    expect((await readdir(home.home)).sort()).toEqual(['.claude.json', '.gateward']);
  });
});

function start(...args: readonly string[]): ReturnType<typeof spawn> & { stdout: NodeJS.ReadableStream } {
  const command = [...gatewardCommand(), ...args, '--home', home.home, '--json'];
  const env = { ...process.env, GATEWARD_CONFIG: '', GATEWARD_SECRET: '', GATEWARD_SECRET_PREVIOUS: '' };
  return spawn('bash', ['-c', LIMITED, 'bash', ...command], { env, stdio: ['ignore', 'pipe', 'ignore'] });
}

async function runLimited(...args: readonly string[]): Promise<{ code: unknown; stdout: string }> {
  const child = start(...args);
  const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return { code, stdout };
}
