import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ADMIN_KEY, type AdminServer, startAdminServer } from '../../test/support/admin-server.ts';
import { type FakeTasks, fakeTasks, taskDetails } from '../../test/support/fake-tasks.ts';
import type { AdminOptions } from './admin-target.ts';
import { cancelTasks } from './commands/task-cancel.ts';
import { listTasks } from './commands/task-list.ts';
import { retryTasks } from './commands/task-retry.ts';
import { showTask } from './commands/task-show.ts';
import { createTerminal, type Terminal } from './terminal.ts';

let folder: string;
let server: AdminServer;
let options: AdminOptions;
let tasks: FakeTasks;
let out: string;
let err: string;

beforeEach(async () => {
  out = '';
  err = '';
  tasks = fakeTasks([
    taskDetails({
      id: 'gone-wrong',
      state: 'failed',
      tool: 'crawl',
      attempts: 2,
      message: 'The call is not safe to repeat.',
      error: 'The call may have run.',
      endedAt: '2026-01-01T02:00:00.000Z',
      history: [
        {
          startedAt: '2026-01-01T01:00:00.000Z',
          endedAt: '2026-01-01T02:00:00.000Z',
          replica: 'replica-1',
          end: 'lost',
        },
      ],
    }),
    taskDetails({ id: 'asking', state: 'input_required', waitsFor: ['1-name'] }),
    taskDetails({ id: 'busy', createdAt: new Date(Date.now() - 7_200_000).toISOString() }),
  ]);
  server = await startAdminServer(tasks);
  folder = await mkdtemp(join(tmpdir(), 'gateward-task-'));
  const keyFile = join(folder, 'admin.key');
  await writeFile(keyFile, `${ADMIN_KEY}\n`, { mode: 0o600 });
  options = { config: undefined, url: server.url, keyFile };
});

afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

function terminal(isJson = false): Terminal {
  const streams = {
    stdout: {
      write: (text: string) => {
        out += text;
      },
    },
    stderr: {
      write: (text: string) => {
        err += text;
      },
    },
  };
  return createTerminal(streams, isJson);
}

const list = (wanted: Record<string, string> = {}, limit = 50, isJson = false): Promise<number> =>
  listTasks({ ...options, wanted, limit }, terminal(isJson));

describe('gateward task list', () => {
  it('shows each task on a line, with its age and why it is where it is', async () => {
    expect(await list()).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^ID +STATE +TOOL +OWNER +AGE +ATTEMPTS +WHY$/);
    expect(lines[1]).toMatch(
      /^gone-wrong +failed +files\/crawl +key:alice +\d+d +2 +The call is not safe to repeat\.$/,
    );
    expect(lines[3]).toMatch(/^busy +working +files\/index +key:alice +2h +1 /);
    expect(lines).toHaveLength(4);
    expect(err).toBe('');
  });

  it('passes its filters on', async () => {
    expect(await list({ state: 'failed', upstream: 'files', server: 'all', owner: 'key:alice' }, 7)).toBe(0);
    expect(tasks.filters).toEqual([
      { state: 'failed', upstream: 'files', server: 'all', owner: 'key:alice', limit: 7 },
    ]);
  });

  it('tells an empty list from one that nothing fits', async () => {
    await list({ state: 'completed' });
    expect(out).toBe('No task fits.\n');
    out = '';
    tasks.rows.splice(0);
    await list();
    expect(out).toBe('There are no tasks.\n');
  });

  it('says how to go on where there are more', async () => {
    expect(await list({}, 2)).toBe(0);
    const cursor = /--after (\S+)\n$/.exec(err)?.[1] ?? '';
    out = '';
    err = '';
    expect(await list({ after: cursor }, 2)).toBe(0);
    expect(out).toContain('busy');
    expect(out).not.toContain('asking');
    expect(err).toBe('');
  });

  it('asks page after page for as many as are wanted', async () => {
    tasks.rows.splice(0);
    for (let at = 0; at < 1100; at++) tasks.rows.push(taskDetails({ id: `t${at}` }));
    expect(await list({}, 1050, true)).toBe(0);
    const answer: { tasks: readonly { id: string }[]; next?: string } = JSON.parse(out);
    expect(answer.tasks.map(({ id }) => id)).toEqual(tasks.rows.slice(0, 1050).map(({ id }) => id));
    expect(answer.next).toBeTypeOf('string');
    expect(tasks.filters.map(({ limit }) => limit)).toEqual([500, 500, 50]);
  });

  it('lets no text of others move the cursor', async () => {
    tasks.rows.splice(0, 3, taskDetails({ tool: 'a\u001b[2J\nb', message: 'x\u0007\ny' }));
    await list();
    expect(out).not.toMatch(/[^\P{Cc}\n]/u);
    expect(out.trimEnd().split('\n')).toHaveLength(2);
  });
});

describe('gateward task show', () => {
  it('shows what is known of a task, and its attempts', async () => {
    expect(await showTask('gone-wrong', options, terminal())).toBe(0);
    expect(out).toMatch(/^State +failed$/m);
    expect(out).toMatch(/^Error +The call may have run\.$/m);
    expect(out).toMatch(/^Deleted +2026-01-03/m);
    expect(out).toMatch(/^2026-01-01T01:00:00.000Z +2026-01-01T02:00:00.000Z +replica-1 +lost$/m);
    out = '';
    await showTask('asking', options, terminal());
    expect(out).toMatch(/^Waits for +1-name$/m);
    expect(out).not.toContain('Attempts\n');
  });

  it('gives all of it as JSON', async () => {
    await showTask('gone-wrong', options, terminal(true));
    expect(JSON.parse(out)).toMatchObject({ id: 'gone-wrong', history: [{ end: 'lost' }] });
  });

  it('fails for one that is not there', async () => {
    await expect(showTask('../status', options, terminal())).rejects.toMatchObject({
      code: 'TASK_NOT_FOUND',
    });
  });
});

describe('gateward task cancel and retry', () => {
  it('change several tasks and say what became of each', async () => {
    expect(await cancelTasks(['busy', 'asking', 'gone-wrong'], options, terminal())).toBe(0);
    expect(out).toBe('busy is cancelled.\nasking is cancelled.\ngone-wrong had ended before: failed.\n');
    expect(await retryTasks(['gone-wrong'], options, terminal())).toBe(0);
    expect(tasks.rows[0]?.state).toBe('working');
  });

  it('go on where one cannot be changed, and end in its exit code', async () => {
    expect(await cancelTasks(['none', 'busy'], options, terminal())).toBe(5);
    expect(out).toBe('busy is cancelled.\n');
    expect(err).toMatch(/^gateward: none: There is no such task.*gateward task list\n$/);
    expect(await retryTasks(['busy'], options, terminal())).toBe(1);
  });

  it('say as JSON what was done and what was not', async () => {
    expect(await cancelTasks(['busy', 'busy', 'none'], options, terminal(true))).toBe(5);
    expect(JSON.parse(out)).toMatchObject({
      tasks: [{ id: 'busy', state: 'cancelled' }],
      failed: [{ id: 'none', error: { code: 'TASK_NOT_FOUND' } }],
    });
    expect(err).toBe('');
  });

  it('stop at once where no gateway answers', async () => {
    const url = 'http://127.0.0.1:1';
    await expect(cancelTasks(['a', 'b'], { ...options, url }, terminal())).rejects.toMatchObject({
      code: 'GATEWAY_UNREACHABLE',
    });
  });
});

describe('the command line', () => {
  async function gateward(
    ...args: string[]
  ): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const main = join(import.meta.dirname, 'main.ts');
    const child = spawn(process.execPath, [main, 'task', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const [code] = await once(child, 'close');
    return { code, stdout, stderr };
  }
  const target = (): string[] => ['--url', options.url ?? '', '--key-file', options.keyFile ?? ''];

  it('leads to the commands with their flags', async () => {
    const shown = await gateward('list', ...target(), '--state', 'failed', '--limit', '3', '--json');
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(shown.stdout)).toMatchObject({ tasks: [{ id: 'gone-wrong' }] });
    expect(tasks.filters).toEqual([{ state: 'failed', limit: 3 }]);
    expect(await gateward('show', 'none', ...target())).toMatchObject({ code: 5, stdout: '' });
    expect(await gateward('cancel', 'busy', 'asking', ...target())).toMatchObject({ code: 0 });
    expect(await gateward('retry', 'gone-wrong', ...target())).toMatchObject({ code: 0 });
    expect(await gateward('list', ...target(), '--after', 'made-up')).toMatchObject({ code: 2, stdout: '' });
  });

  it.each([
    [['list', '--state', 'running'], 'Allowed choices are working'],
    [['list', '--limit', '0'], 'Give a whole number from 1 to 10000'],
    [['show'], "missing required argument 'id'"],
    [['cancel'], "missing required argument 'id'"],
  ])('refuses %j', async (args, text) => {
    const ended = await gateward(...args);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(text);
  });
});
