import { readdir, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askModern, errorOf, type Json } from '../../support/front-door.ts';
import { runGateward } from '../../support/keys.ts';
import { LaunchStage } from './stage.ts';

const MINUTE = 60_000;
const CANARY = 'canary-of-a-token';

let stage: LaunchStage;
beforeAll(async () => {
  stage = await LaunchStage.make({ FILES_TOKEN: CANARY, OTHER_TOKEN: CANARY });
  await stage.start({ upstreams: { files: stage.upstream() } });
}, MINUTE);
afterAll(() => stage?.close());

const WAITS = { state: 'down', lastErrorCode: 'LAUNCH_NOT_APPROVED' };

describe('a command that is not known', () => {
  it(
    'waits, and everybody who looks reads what to do',
    async () => {
      const { gateway } = stage;
      const shown = await stage.shown();
      expect(shown).toMatchObject(WAITS);
      expect(shown.lastError).toContain('program.unknown');
      expect(shown.lastError).toContain('gateward server approve files');
      const event = gateway.events.find(({ event }) => event === 'upstream');
      expect(event).toMatchObject({ name: 'files', ...WAITS });
      const { stdout } = await runGateward(
        ['server', 'list', '--config', gateway.configFile, '--url', gateway.url],
        {
          FILES_TOKEN: CANARY,
        },
      );
      expect(stdout).toContain('gateward server approve files');
      const url = `${gateway.url}/servers/files/mcp`;
      const { message } = await askModern(url, 'tools/call', { params: { name: 'tell' } });
      expect(errorOf(message)).toMatchObject({ code: 1027 });
      expect(await stage.starts()).toEqual([]);
    },
    MINUTE,
  );

  it(
    'starts soon after it is approved on the command line',
    async () => {
      const { configFile } = stage.gateway;
      const { code, stdout, stderr } = await runGateward(
        ['server', 'approve', 'files', '--yes', '--config', configFile],
        { FILES_TOKEN: CANARY, OTHER_TOKEN: CANARY },
      );
      expect([code, stderr]).toEqual([0, expect.not.stringContaining(CANARY)]);
      expect(stdout).not.toContain(CANARY);
      await stage.isUp();
      expect(await stage.starts()).toHaveLength(1);
    },
    MINUTE,
  );
});

describe('an approval holds for one launch alone: another waits with', () => {
  const other = (): string => join(stage.folder, 'other.mjs');
  const changes: readonly (readonly [string, () => Json | Promise<Json>])[] = [
    ['another command', () => ({ command: './server.mjs', cwd: stage.folder })],
    [
      'another program of the same bytes',
      async () => {
        await stage.writeProgram(other());
        return { command: other() };
      },
    ],
    ['one more argument', () => ({ args: [...(stage.upstream()['args'] as string[]), '--root', '/'] })],
    ['the value of a variable', () => ({ env: { FILES_MODE: 'write', FILES_TOKEN: '${FILES_TOKEN}' } })],
    ['the name of a variable', () => ({ env: { FILES_MODES: 'read', FILES_TOKEN: '${FILES_TOKEN}' } })],
    ['one variable less', () => ({ env: { FILES_TOKEN: '${FILES_TOKEN}' } })],
    [
      'another secret of the same value',
      () => ({ env: { FILES_MODE: 'read', FILES_TOKEN: '${OTHER_TOKEN}' } }),
    ],
    ['a secret that stands in the file', () => ({ env: { FILES_MODE: 'read', FILES_TOKEN: CANARY } })],
    ['a working directory', () => ({ cwd: stage.folder })],
  ];

  it.each(changes)(
    '%s',
    async (_, change) => {
      const before = await stage.starts();
      await stage.reload(stage.upstream(await change()));
      expect(await stage.shown()).toMatchObject(WAITS);
      expect(await stage.starts()).toEqual(before);
      await stage.reload(stage.upstream());
      await stage.isUp();
      expect(await stage.starts()).toHaveLength(before.length + 1);
    },
    MINUTE,
  );

  it(
    'other bytes of the program',
    async () => {
      const before = await stage.starts();
      await stage.writeProgram(stage.program, 'changed');
      // A new process is asked for, by a setting that is no part of the launch.
      await stage.reload(stage.upstream({ timeoutMs: 59_000 }));
      expect(await stage.shown()).toMatchObject(WAITS);
      expect(await stage.starts()).toEqual(before);
      await stage.writeProgram(stage.program);
      await stage.isUp();
    },
    MINUTE,
  );

  it(
    'a link that leads elsewhere now',
    async () => {
      const link = join(stage.folder, 'link');
      await symlink(stage.program, link);
      await stage.reload(stage.upstream({ command: link }));
      expect(await stage.shown()).toMatchObject(WAITS);
      await stage.decide('approve');
      await stage.isUp();
      const before = await stage.starts();
      await stage.writeProgram(other());
      await rm(link);
      await symlink(await realpath(other()), link);
      await stage.reload(stage.upstream({ command: link, timeoutMs: 58_000 }));
      expect(await stage.shown()).toMatchObject(WAITS);
      expect(await stage.starts()).toEqual(before);
    },
    MINUTE,
  );
});

describe('an approval', () => {
  it(
    'survives a restart, and the restart asks again',
    async () => {
      await stage.stop();
      await stage.start({ upstreams: { files: stage.upstream() } });
      await stage.isUp();
      await stage.stop();
      const before = await stage.starts();
      await stage.writeProgram(stage.program, 'changed while nothing ran');
      await stage.start({ upstreams: { files: stage.upstream() } });
      expect(await stage.shown()).toMatchObject(WAITS);
      expect(await stage.starts()).toEqual(before);
    },
    MINUTE,
  );

  it(
    'that was refused by somebody is not asked for again',
    async () => {
      await stage.decide('reject');
      await stage.stop();
      await stage.start({ upstreams: { files: stage.upstream() } });
      const shown = await stage.shown();
      expect(shown).toMatchObject(WAITS);
      expect(shown.lastError).toContain('rejected');
      await stage.reload(stage.upstream({ timeoutMs: 57_000 }));
      expect((await stage.shown()).lastError).toContain('rejected');
    },
    MINUTE,
  );

  it(
    'is not needed for what the operator vouches for, from the next reload on',
    async () => {
      const before = await stage.starts();
      await stage.reload(stage.upstream({ timeoutMs: 57_000 }), { launch: { programs: [stage.program] } });
      await stage.isUp();
      expect((await stage.starts()).length).toBeGreaterThan(before.length);
    },
    MINUTE,
  );

  it(
    'cannot let start what is refused',
    async () => {
      const before = await stage.starts();
      await stage.reload(stage.upstream({ env: { LD_PRELOAD: '/none.so' } }));
      expect(await stage.shown()).toMatchObject({ state: 'down', lastErrorCode: 'LAUNCH_REFUSED' });
      expect(await stage.starts()).toEqual(before);
    },
    MINUTE,
  );

  it('keeps no secret: neither in the store nor in the log', async () => {
    const { dataDir } = stage.gateway;
    expect(stage.gateway.stderr()).not.toContain(CANARY);
    for (const name of await readdir(dataDir, { recursive: true })) {
      const bytes = await readFile(join(dataDir, name)).catch(() => Buffer.alloc(0));
      expect([name, bytes.includes(CANARY)]).toEqual([name, false]);
    }
  });
});
