import { chmod, copyFile, mkdtemp, readdir, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quiet } from '../../../test/support/manual-clock.ts';
import { recordLog } from '../../../test/support/record-log.ts';
import { launchSchema } from '../../config/schema-guard.ts';
import type { LaunchConfig } from '../../config/types.ts';
import { GatewardError } from '../../errors.ts';
import type { LaunchPermit, LaunchRequest } from '../../launch-permit.ts';
import { type ApprovalState, approvalId, type Seen } from '../../store/approval-table.ts';
import { createLaunchGuard, type LaunchBook } from './authorize-launch.ts';

/** A book in memory; whoever decides names the one thing that was seen last. */
class FakeBook implements LaunchBook {
  readonly states = new Map<string, ApprovalState>();
  readonly seen: Seen[] = [];
  isAway = false;

  async load(upstream: string) {
    if (this.isAway) throw new GatewardError('STORE_UNAVAILABLE');
    return {
      stateOf: (kind: 'launch', name: string, digest: string) =>
        this.states.get(approvalId({ upstream, kind, name, digest })),
    };
  }

  async see(seen: readonly Seen[]): Promise<readonly ApprovalState[]> {
    this.seen.push(...seen);
    for (const one of seen) this.states.set(approvalId(one), one.state);
    return seen.map(({ state }) => state);
  }

  decide(state: ApprovalState): void {
    const last = this.seen.at(-1);
    if (last !== undefined) this.states.set(approvalId(last), state);
  }

  get body(): unknown {
    return JSON.parse(this.seen.at(-1)?.body ?? 'null');
  }
}

let folder: string;
let program: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'gateward-launch-')));
  program = join(folder, 'server');
  await writeProgram('1');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function writeProgram(text: string): Promise<void> {
  await writeFile(program, `#!/usr/bin/env node\n${text}\n`);
  await chmod(program, 0o755);
}

function requestOf(changes: Partial<LaunchRequest> = {}): LaunchRequest {
  return {
    upstream: 'files',
    command: program,
    args: ['--root', '/srv'],
    env: { FILES_MODE: 'read' },
    cwd: undefined,
    references: { env: {}, args: {} },
    sandbox: undefined,
    ...changes,
  };
}

function gate(launch: Partial<LaunchConfig> = {}) {
  const book = new FakeBook();
  const { log, lines } = recordLog();
  const rules = { ...launch };
  const { authorize, reconsider } = createLaunchGuard({
    config: () => ({ launch: { ...launchSchema.parse({}), ...rules }, dataDir: join(folder, 'data') }),
    book,
    confine: async (permit, profile) => ({ ...permit, args: [...profile.hosts, ...permit.args] }),
    variables: { PATH: folder, HOME: '/home/me', NODE_OPTIONS: '--x', GATEWARD_KEY: 'k' },
    now: () => Date.now(),
    log,
  });
  const ask = (request = requestOf()): Promise<LaunchPermit> => authorize(request);
  /** What came of it: the code of the error, or `started`. */
  const outcome = (request?: LaunchRequest): Promise<string> =>
    ask(request).then(
      () => 'started',
      (thrown: { code?: string }) => String(thrown.code ?? thrown),
    );
  return { book, lines, rules, ask, outcome, reconsider };
}

describe('a launch that the grammar does not accept', () => {
  it('waits, and is listed with what an approval covers', async () => {
    const { book, ask } = gate();
    await expect(ask()).rejects.toMatchObject({
      code: 'LAUNCH_NOT_APPROVED',
      message: expect.stringMatching(/"files" falls under program\.unknown.* gateward server approve files$/),
    });
    const hash = { path: expect.any(String), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) };
    expect(book.body).toEqual({
      form: 1,
      command: program,
      binary: { path: program, sha256: hash.sha256, interpreters: [hash, hash] },
      args: ['--root', '/srv'],
      env: { FILES_MODE: { value: 'read' } },
      cwd: null,
    });
    expect(JSON.parse(book.seen[0]?.findings ?? '')).toEqual([
      expect.objectContaining({ rule: 'program.unknown', at: 'command', verdict: 'needs-approval' }),
    ]);
  });

  it('starts once it is approved, and each start asks', async () => {
    const { book, outcome } = gate();
    expect(await outcome()).toBe('LAUNCH_NOT_APPROVED');
    expect(await outcome()).toBe('LAUNCH_NOT_APPROVED');
    expect(book.seen).toHaveLength(1);
    book.decide('approved');
    expect(await outcome()).toBe('started');
    book.decide('rejected');
    expect(await outcome()).toBe('LAUNCH_NOT_APPROVED');
  });

  it('stays out once it is rejected, and says so', async () => {
    const { book, ask, outcome } = gate();
    await outcome();
    book.decide('rejected');
    await expect(ask()).rejects.toThrow(
      /was read and rejected.* gateward server diff files --state rejected$/,
    );
  });

  it.each<[string, () => Partial<LaunchRequest>]>([
    ['the command', () => ({ command: 'server' })],
    ['an argument', () => ({ args: ['--root', '/'] })],
    ['where an argument ends', () => ({ args: ['--root /srv'] })],
    ['the value of a variable', () => ({ env: { FILES_MODE: 'write' } })],
    ['the name of a variable', () => ({ env: { FILES_MODES: 'read' } })],
    ['another variable', () => ({ env: { FILES_MODE: 'read', FILES_X: '1' } })],
    ['where a variable comes from', () => ({ references: { env: { FILES_MODE: '${X}' }, args: {} } })],
    ['where an argument comes from', () => ({ references: { env: {}, args: { 1: '${X}' } } })],
    ['the working directory', () => ({ cwd: folder })],
    ['the name of the upstream', () => ({ upstream: 'other' })],
  ])('waits again when %s changes', async (_, change) => {
    const { book, outcome } = gate();
    await outcome();
    book.decide('approved');
    expect(await outcome(requestOf(change()))).toBe('LAUNCH_NOT_APPROVED');
    expect(await outcome()).toBe('started');
  });

  it('waits again when the bytes of the program change, and no longer when they change back', async () => {
    const { book, outcome } = gate();
    await outcome();
    book.decide('approved');
    await writeProgram('2');
    expect(await outcome()).toBe('LAUNCH_NOT_APPROVED');
    await writeProgram('1');
    expect(await outcome()).toBe('started');
  });

  it('waits again when its path leads to another program of the same bytes', async () => {
    const [link, other] = [join(folder, 'link'), join(folder, 'copy')];
    await symlink(program, link);
    const { book, outcome } = gate();
    const request = requestOf({ command: link });
    await outcome(request);
    book.decide('approved');
    expect(await outcome(request)).toBe('started');
    await copyFile(program, other);
    await rm(link);
    await symlink(other, link);
    expect(await outcome(request)).toBe('LAUNCH_NOT_APPROVED');
  });
});

describe('what was substituted', () => {
  const references = { env: { FILES_MODE: '${MODE}' }, args: { 1: '${ROOT}' } };

  it('is covered by where it comes from, and its value is kept nowhere', async () => {
    const { book, outcome } = gate();
    await outcome(requestOf({ references, env: { FILES_MODE: 'canary-1' }, args: ['--root', 'canary-2'] }));
    expect(JSON.stringify(book.seen)).not.toContain('canary');
    expect(book.body).toMatchObject({
      args: ['--root', { secret: '${ROOT}' }],
      env: { FILES_MODE: { secret: '${MODE}' } },
    });
    book.decide('approved');
    expect(await outcome(requestOf({ references, env: { FILES_MODE: 'else' } }))).toBe('started');
  });

  it('waits again when the value becomes something worse', async () => {
    const { book, outcome } = gate();
    await outcome(requestOf({ references }));
    book.decide('approved');
    const worse = requestOf({ references, args: ['--root', '--eval=1'] });
    expect(await outcome(worse)).toBe('LAUNCH_NOT_APPROVED');
  });
});

it('a launch waits again when the value that names what runs becomes another', async () => {
  const { book, outcome } = gate();
  const references = { env: {}, args: { 0: '${SCRIPT}' } };
  const run = (script: string) =>
    outcome(requestOf({ command: process.execPath, args: [script], references }));
  expect(await run('/srv/one.js')).toBe('LAUNCH_NOT_APPROVED');
  book.decide('approved');
  expect(await run('/srv/one.js')).toBe('started');
  expect(await run('/srv/other.js')).toBe('LAUNCH_NOT_APPROVED');
});

it('a secret that stands in the file itself is covered by its hash', async () => {
  const { book, outcome } = gate();
  await outcome(requestOf({ env: { FILES_TOKEN: 'canary' } }));
  expect(JSON.stringify(book.seen)).not.toContain('canary');
  book.decide('approved');
  expect(await outcome(requestOf({ env: { FILES_TOKEN: 'canary' } }))).toBe('started');
  expect(await outcome(requestOf({ env: { FILES_TOKEN: 'other' } }))).toBe('LAUNCH_NOT_APPROVED');
});

describe('a launch that the grammar refuses', () => {
  const request = () => requestOf({ env: { LD_PRELOAD: '/x.so' } });

  it('cannot be approved', async () => {
    const { book, ask } = gate();
    await expect(ask(request())).rejects.toMatchObject({
      code: 'LAUNCH_REFUSED',
      message: expect.stringMatching(/env\.preload/),
    });
    expect(book.seen).toEqual([]);
  });

  it('starts only where everything starts', async () => {
    const { outcome } = gate({ dangerouslyStartUnapproved: true });
    expect(await outcome(request())).toBe('started');
  });
});

describe('a launch that the grammar accepts', () => {
  it('starts at once, by the Node that runs the gateway too', async () => {
    const { book, outcome } = gate({ folders: [folder] });
    const script = join(folder, 'x.js');
    expect(await outcome(requestOf({ command: process.execPath, args: [script] }))).toBe('started');
    expect(await outcome(requestOf({ command: process.execPath, args: ['/x.js'] }))).toBe(
      'LAUNCH_NOT_APPROVED',
    );
    expect(book.seen).toHaveLength(1);
  });

  it('is not that of the program that runs the gateway, where that is no run-time', async () => {
    const { execPath } = process;
    const { outcome } = gate({ folders: [folder] });
    try {
      process.execPath = program;
      expect(await outcome(requestOf({ args: [] }))).toBe('LAUNCH_NOT_APPROVED');
    } finally {
      process.execPath = execPath;
    }
  });

  it('is written down', async () => {
    const { lines, outcome } = gate({ programs: ['server'] });
    expect(await outcome(requestOf({ command: 'server' }))).toBe('started');
    const said = lines.find((line) => line.includes('a program is started')) ?? '';
    for (const part of ["'files'", `'${program}'`, 'program.vouched']) expect(said).toContain(part);
  });
});

describe('a permit', () => {
  it('names the program without links, a built environment and a private folder', async () => {
    const { ask } = gate({ programs: ['server'], maxOpenFiles: 64 });
    const permit = await ask(requestOf({ command: 'server' }));
    expect(permit).toMatchObject({
      upstream: 'files',
      file: program,
      argv0: program,
      args: ['--root', '/srv'],
    });
    expect(Object.keys(permit.env).sort()).toEqual(['FILES_MODE', 'HOME', 'PATH']);
    expect(permit.limits).toMatchObject({ maxOpenFiles: 64, maxMemoryBytes: 4_294_967_296 });
    expect(dirname(permit.cwd)).toBe(join(folder, 'data', 'run'));
    expect(basename(permit.cwd)).toMatch(/^files-[0-9a-f]{12}$/);
    expect((await stat(permit.cwd)).mode & 0o777).toBe(0o700);
  });

  it('names the same private folder at each start, and another for another command or other arguments', async () => {
    const { ask } = gate({ programs: ['server', program] });
    const folderOf = async (changes: Partial<LaunchRequest>) =>
      (await ask(requestOf({ command: 'server', ...changes }))).cwd;
    const first = await folderOf({});
    await writeFile(join(first, '.npmrc'), 'registry=https://evil.test/');
    expect(await folderOf({ env: {} })).toBe(first);
    const others = [await folderOf({ command: program }), await folderOf({ args: ['--root', '/srv/b'] })];
    expect(new Set([first, ...others]).size).toBe(3);
    for (const other of others) expect(await readdir(other)).toEqual(['package.json']);
  });

  it('is confined where the upstream has a sandbox', async () => {
    const { ask } = gate({ programs: ['server'] });
    const sandbox = { write: [], hide: [], hosts: ['a.test'], ifMissing: 'refuse' } as const;
    expect((await ask(requestOf({ command: 'server', sandbox }))).args).toEqual(['a.test', '--root', '/srv']);
  });

  it('is not made for a program or a folder that is not there', async () => {
    const { outcome } = gate({ dangerouslyStartUnapproved: true });
    expect(await outcome(requestOf({ command: 'none' }))).toBe('LAUNCH_FAILED');
    expect(await outcome(requestOf({ cwd: join(folder, 'none') }))).toBe('LAUNCH_FAILED');
  });
});

describe('a program that runs', () => {
  /** Starts one, and gives the codes that it is ended for. */
  async function run(it: ReturnType<typeof gate>, request = requestOf()) {
    const ended: string[] = [];
    const callOff = (await it.ask(request)).onWithdrawn(({ code }) => void ended.push(code));
    await quiet();
    return { ended, callOff };
  }

  async function runApproved() {
    const it = gate();
    await it.outcome();
    it.book.decide('approved');
    return { ...it, ...(await run(it)) };
  }

  it('is ended once, when its launch is rejected', async () => {
    const { book, ended, reconsider } = await runApproved();
    await reconsider('files');
    expect(ended).toEqual([]);
    book.decide('rejected');
    await reconsider('other');
    expect(ended).toEqual([]);
    await reconsider('files');
    await reconsider('files');
    expect(ended).toEqual(['LAUNCH_NOT_APPROVED']);
  });

  it('is ended when it was rejected between its permit and its start', async () => {
    const it = gate();
    await it.outcome();
    it.book.decide('approved');
    const permit = await it.ask();
    it.book.decide('rejected');
    const ended: string[] = [];
    permit.onWithdrawn(({ code }) => void ended.push(code));
    await quiet();
    expect(ended).toEqual(['LAUNCH_NOT_APPROVED']);
  });

  it('goes on when other launches of its upstream are rejected, and when its file has other bytes', async () => {
    const { book, ended, outcome, reconsider } = await runApproved();
    await writeProgram('3');
    expect(await outcome()).toBe('LAUNCH_NOT_APPROVED');
    book.decide('rejected');
    await reconsider('files');
    await writeProgram('1');
    expect(ended).toEqual([]);
  });

  it('goes on while nobody can tell', async () => {
    const { book, ended, reconsider } = await runApproved();
    book.decide('rejected');
    book.isAway = true;
    await reconsider('files');
    expect(ended).toEqual([]);
    book.isAway = false;
    await reconsider('files');
    expect(ended).toEqual(['LAUNCH_NOT_APPROVED']);
  });

  it('is not told any more once it has ended', async () => {
    const { book, ended, callOff, reconsider } = await runApproved();
    callOff();
    book.decide('rejected');
    await reconsider('files');
    expect(ended).toEqual([]);
  });

  it('is ended when the rules that let it start without an approval are gone, and then waits', async () => {
    const it = gate({ programs: [program] });
    const { ended } = await run(it);
    await it.reconsider('files');
    expect([ended, it.book.seen]).toEqual([[], []]);
    it.rules.programs = [];
    await it.reconsider('files');
    expect(ended).toEqual(['LAUNCH_NOT_APPROVED']);
    expect(it.book.seen).toHaveLength(1);
  });

  it('is ended when it would be refused now', async () => {
    const it = gate({ dangerouslyStartUnapproved: true });
    const { ended } = await run(it, requestOf({ env: { LD_PRELOAD: '/x.so' } }));
    it.rules.dangerouslyStartUnapproved = false;
    await it.reconsider('files');
    expect(ended).toEqual(['LAUNCH_REFUSED']);
  });
});
