import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Box, openBox } from './box.ts';

let box: Box;
beforeAll(async () => {
  box = await openBox();
  for (const name of ['in', 'out', 'secret']) await mkdir(join(box.folder, name));
  await writeFile(join(box.folder, 'secret', 'token'), 'a secret');
  await writeFile(join(box.folder, 'out', 'plain'), 'may be read');
  await symlink(join(box.folder, 'out'), join(box.folder, 'in', 'link'));
});
afterAll(() => box.close());

const at = (...names: string[]): string => join(box.folder, ...names);

it('can run here', async () => {
  expect(await box.sandbox.probe()).toEqual({ can: true });
});

describe('the file system of a sandbox', () => {
  it('is written in the named folders and in the private one, and nowhere else', async () => {
    const outside = [
      at('out', 'a'),
      at('in', 'link', 'b'),
      join(box.dataDir, 'run', 'b'),
      '/etc/gateward-test',
    ];
    const tries = [{ write: at('in', 'a') }, { writeOwn: 'a' }, ...outside.map((write) => ({ write }))];
    const outcomes = await box.attempt(tries, { write: [at('in')] });
    expect(outcomes.slice(0, 2)).toEqual(['written', 'written']);
    // What stands in for the data folder inside takes files, which go with the sandbox.
    expect(outcomes.slice(2)).toEqual([
      'refused: EROFS',
      'refused: EROFS',
      expect.anything(),
      'refused: EROFS',
    ]);
    expect(await readFile(at('in', 'a'), 'utf8')).toBe('written inside');
    expect(outside.filter((path) => existsSync(path))).toEqual([]);
  });

  it('is read, but for what is hidden and what the gateway keeps', async () => {
    const outcomes = await box.attempt(
      [
        { read: at('out', 'plain') },
        { read: at('secret', 'token') },
        { list: at('secret') },
        { read: join(box.dataDir, 'admin.key') },
        { list: box.dataDir },
        { read: at('gateward.yaml') },
      ],
      { hide: [at('secret')] },
    );
    expect(outcomes).toEqual([
      'may be read',
      'refused: ENOENT',
      '',
      'refused: ENOENT',
      'run',
      expect.stringMatching(/^(?:|refused: .*)$/),
    ]);
  });

  it('hides a folder inside one that may be written, and shows one inside a hidden folder', async () => {
    await mkdir(at('in', 'kept'), { recursive: true });
    await writeFile(at('in', 'kept', 'token'), 'a secret');
    const outcomes = await box.attempt([{ read: at('in', 'kept', 'token') }, { write: at('in', 'b') }], {
      write: [at('in')],
      hide: [at('in', 'kept'), box.folder],
    });
    expect(outcomes).toEqual(['refused: ENOENT', 'written']);
  });

  it('has temporary folders of its own', async () => {
    const marker = join(tmpdir(), `gateward-outside-${process.pid}`);
    const outcomes = await box.attempt([{ read: marker }, { write: '/tmp/inside' }, { variable: 'TMPDIR' }]);
    expect(outcomes).toEqual(['refused: ENOENT', 'written', '/tmp']);
    expect(existsSync('/tmp/inside')).toBe(false);
  });
});

describe('the network of a sandbox', () => {
  let server: Server;
  let port: number;
  let calls = 0;
  beforeAll(async () => {
    server = createServer((socket) => {
      calls += 1;
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
  });
  afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));

  it.each([[[]], [['listed.invalid']]])(
    'does not reach a server on loopback, with hosts %o',
    async (hosts) => {
      const outcomes = await box.attempt(
        [
          { connect: port },
          { ask: `127.0.0.1:${port}` },
          { ask: `localhost:${port}` },
          { ask: `[::1]:${port}` },
          { ask: `0x7f.1:${port}` },
          { ask: '169.254.169.254:80' },
        ],
        { hosts },
      );
      expect(outcomes[0]).toBe('refused: ECONNREFUSED');
      for (const outcome of outcomes.slice(1)) expect(outcome).toMatch(/^(?:40[37]|closed|refused: .*)$/);
      expect(calls).toBe(0);
    },
  );

  it('reaches hosts that are listed, and no other: the proxy looks up only what it lets through', async () => {
    const asked = ['listed.invalid:443', 'sub.any.invalid:443', 'other.invalid:443', 'any.invalid:443'];
    const outcomes = await box.attempt(
      asked.map((ask) => ({ ask })),
      { hosts: ['listed.invalid', '*.any.invalid'] },
    );
    // The listed ones do not exist, so they fail behind the check.
    expect(outcomes.map((status) => status === '403')).toEqual([false, false, true, true]);
    expect(outcomes[0]).toMatch(/^5\d\d$/);
  });

  it('names no proxy where no host is listed', async () => {
    expect(await box.attempt([{ variable: 'HTTPS_PROXY' }])).toEqual(['unset']);
    expect(await box.attempt([{ variable: 'HTTPS_PROXY' }], { hosts: ['listed.invalid'] })).toEqual([
      expect.stringContaining('localhost:3128'),
    ]);
  });

  it('has no Unix sockets, by which it would leave', async () => {
    const path = at('outside.sock');
    const outside = createServer();
    await new Promise<void>((resolve) => outside.listen(path, resolve));
    expect(await box.attempt([{ connect: path }])).toEqual(['refused: EPERM']);
    await new Promise<void>((resolve) => outside.close(() => resolve()));
  });
});

describe('the arguments of a program in a sandbox', () => {
  const program = join(import.meta.dirname, 'attempts.ts');
  const argvInside = async (args: readonly string[]): Promise<unknown> => {
    const { stdout } = await box.run(process.execPath, [program, '--argv', ...args]);
    return JSON.parse(stdout);
  };

  it('arrive as they are for every byte that an argument can have, alone and in a row', async () => {
    const points = Array.from({ length: 0x7ff }, (_, n) => String.fromCodePoint(n + 1));
    const args = [
      ...points,
      points.join(''),
      '',
      '-',
      '--',
      '-c',
      '`id`',
      '$(id)',
      '\\\n',
      '\u{1f600}\u{10ffff}',
    ];
    expect(await argvInside(args)).toEqual(args);
  });

  it('arrive as they are, whatever they are', async () => {
    const pieces = fc.constantFrom(
      "'",
      '"',
      '\\',
      '$',
      '`',
      '\n',
      ' ',
      '!',
      '*',
      '~',
      '=',
      ';',
      '&',
      '(',
      '#',
      '%',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }).filter((one) => !one.includes('\0') && one.isWellFormed()),
      fc.array(pieces).map((list) => list.join('')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 50, maxLength: 300 }), async (args) => {
        expect(await argvInside(args)).toEqual(args);
      }),
      { numRuns: 5, endOnFailure: true },
    );
  });

  it('and what they are called reach a program that is not Node', async () => {
    const { stdout } = await box.run('/bin/sh', [
      '-c',
      'printf "<%s>" "$MARK" "$@"',
      'sh',
      "it's",
      '$HOME',
      'é\n',
    ]);
    expect(stdout).toBe("<from the configuration><it's><$HOME><é\n>");
  });
});

describe('a process in a sandbox', () => {
  it('is told how what runs inside ended', async () => {
    expect(await box.run('/bin/sh', ['-c', 'echo no >&2; exit 7'])).toMatchObject({
      how: '7',
      stderr: 'no\n',
    });
  });

  it('sees no process but its own', async () => {
    const { stdout } = await box.run('/bin/sh', ['-c', 'echo /proc/[0-9]*']);
    expect(stdout.split(' ').length).toBeLessThan(10);
  });

  it.each(['stopped', 'killed'])('leaves none behind when it is %s, with what it started', async (how) => {
    const mark = `${54_000 + Math.floor(Math.random() * 1_000)}.${process.pid}`;
    const script = `trap '' TERM; (setsid sleep ${mark} &) ; sleep ${mark} & echo ready; sleep ${mark}`;
    const { running, ended } = await box.start(await box.wrap('/bin/sh', ['-c', script]));
    await expect.poll(() => countOf(mark), { timeout: 20_000 }).toBeGreaterThanOrEqual(3);
    if (how === 'killed') process.kill(-running.pid, 'SIGKILL');
    await running.stop();
    await ended;
    await expect.poll(() => countOf(mark), { timeout: 5_000 }).toBe(0);
  });

  it('leaves no file in the folders that it may write to', async () => {
    await mkdir(at('clean'), { recursive: true });
    const { running } = await box.start(
      await box.wrap('/bin/sh', ['-c', 'sleep 600'], { write: [at('clean')] }),
    );
    process.kill(-running.pid, 'SIGKILL');
    await running.stop();
    expect(await readdir(at('clean'))).toEqual([]);
  });
});

/** How many processes have this word among their arguments. */
async function countOf(word: string): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.filter((line) => line.split('\0').includes(word)).length;
}
