import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { isRunning } from '../../support/gateway.ts';
import { LaunchStage, type Told } from './stage.ts';

const MINUTE = 60_000;
const SECRETS = {
  GATEWARD_SECRET: 'gateway-canary-gateway-canary-gateway',
  AWS_SECRET_ACCESS_KEY: 'aws-canary',
  NODE_OPTIONS: '--no-warnings',
  npm_config_registry: 'http://127.0.0.1:9',
  LD_LIBRARY_PATH: '/nowhere',
  FILES_TOKEN: 'files-canary',
};

let stage: LaunchStage;
let told: Told;
beforeAll(async () => {
  stage = await LaunchStage.make(SECRETS);
  await stage.start({
    launch: { programs: [stage.program], maxOpenFiles: 128 },
    upstreams: { files: stage.upstream() },
  });
  await stage.isUp();
  told = await stage.tell();
}, MINUTE);
afterAll(() => stage?.close());

describe('the process of an upstream', () => {
  it('has an environment that is built: no variable of the gateway but a few harmless ones', () => {
    const { env } = told;
    const known = ['FILES_MODE', 'FILES_TOKEN', 'HOME', 'LANG', 'LOGNAME', 'PATH', 'TMPDIR', 'TZ', 'USER'];
    // What its own C library and run-time add.
    const own = ['__CF_USER_TEXT_ENCODING'];
    const others = Object.keys(env).filter((name) => !known.includes(name) && !/^LC_/.test(name));
    expect(others.filter((name) => !own.includes(name))).toEqual([]);
    expect(env).toMatchObject({ FILES_MODE: 'read', FILES_TOKEN: 'files-canary' });
    expect(env['PATH']?.split(':')).toContain(dirname(stage.program));
  });

  it('starts in a private folder of its own', async () => {
    expect(dirname(told.cwd)).toBe(`${stage.gateway.dataDir}/run`);
    expect(basename(told.cwd)).toMatch(/^files-[0-9a-f]{12}$/);
    const { mode, uid } = await stat(told.cwd);
    expect(mode & 0o777).toBe(0o700);
    expect(uid).toBe(process.getuid?.());
  });

  it('gets its arguments as they are', () => {
    expect(told.argv.slice(2)).toEqual(stage.upstream()['args']);
  });

  it.runIf(process.platform === 'linux')('is the leader of a group of its own, with limits', () => {
    const [, group] = /^ \S+ \d+ (\d+) /.exec(told.stat.slice(told.stat.lastIndexOf(')') + 1)) ?? [];
    expect(Number(group)).toBe(told.pid);
    expect(told.limits).toMatch(/^Max open files +128 +128 /m);
    expect(told.status).toMatch(/^State:/m);
  });

  it(
    'is asked for again when it has ended, and leaves no orphan',
    async () => {
      process.kill(told.pid, 'SIGKILL');
      await vi.waitFor(async () => expect((await stage.tell()).pid).not.toBe(told.pid), {
        timeout: 15_000,
        interval: 200,
      });
      await stage.stop();
      expect((await stage.starts()).filter(isRunning)).toEqual([]);
    },
    MINUTE,
  );
});
