/** An approval that is taken back ends what runs by it, whoever takes it back. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { askModern, errorOf } from '../../support/front-door.ts';
import { runGateward } from '../../support/keys.ts';
import { startPostgres } from '../../support/postgres.ts';
import { isAlive } from '../../support/stdio-upstream.ts';
import { LaunchStage } from './stage.ts';

const MINUTE = 60_000;
const ENV = { FILES_TOKEN: 'token' };
const GATEWARD_SECRET = 'a-secret-of-at-least-32-characters-for-tests';

let stage: LaunchStage;
beforeEach(async () => {
  stage = await LaunchStage.make(ENV);
  await stage.start({ upstreams: { files: stage.upstream() } });
}, MINUTE);
afterEach(() => stage?.close());

const errorOfCall = async (name: string) => {
  const url = `${stage.gateway.url}/servers/files/mcp`;
  return errorOf((await askModern(url, 'tools/call', { params: { name } })).message);
};

async function approve(): Promise<void> {
  expect(await stage.shown()).toMatchObject({ state: 'down' });
  await stage.decide('approve');
  await stage.isUp();
}

async function hasEnded(at = stage): Promise<void> {
  await vi.waitFor(
    async () => {
      expect(await at.shown()).toMatchObject({ state: 'down', lastErrorCode: 'LAUNCH_NOT_APPROVED' });
      expect((await stage.starts()).filter(isAlive)).toEqual([]);
    },
    { timeout: 5_000, interval: 50 },
  );
}

describe('a program that runs by an approval', () => {
  it(
    'ends when that is rejected over the API, with the call in flight, and starts when it is approved again',
    async () => {
      await approve();
      const hanging = errorOfCall('hang');
      await stage.tell();
      await stage.decide('reject', 'approved');
      expect(await hanging).toMatchObject({ code: 1027 });
      await hasEnded();
      expect((await stage.shown()).lastError).toContain('rejected');
      expect(await errorOfCall('tell')).toMatchObject({ code: 1027 });
      const before = (await stage.starts()).length;
      await stage.decide('approve', 'rejected');
      await stage.isUp();
      expect((await stage.starts()).length).toBeGreaterThan(before);
      await stage.tell();
    },
    MINUTE,
  );

  it(
    'ends when that is rejected on the command line, by its id',
    async () => {
      await approve();
      const { configFile } = stage.gateway;
      const run = (...args: string[]) => runGateward(['server', ...args, '--config', configFile], ENV);
      const { stdout } = await run('diff', 'files', '--state', 'approved', '--kind', 'launch', '--json');
      const { approvals } = JSON.parse(stdout) as { approvals: { id: string }[] };
      expect((await run('reject', approvals[0]?.id ?? '')).code).toBe(0);
      await hasEnded();
    },
    MINUTE,
  );
});

it(
  'a program ends on every replica',
  async () => {
    const postgres = await startPostgres();
    const other = await LaunchStage.make({ ...ENV, GATEWARD_SECRET });
    const one = await LaunchStage.make({ ...ENV, GATEWARD_SECRET });
    try {
      const config = { store: postgres.url, upstreams: { files: one.upstream({ stateless: true }) } };
      for (const replica of [one, other]) await replica.start(config);
      await Promise.all([one.shown(), other.shown()]);
      await one.decide('approve');
      await Promise.all([one.isUp(), other.isUp()]);
      const pids = [(await one.tell()).pid, (await other.tell()).pid];
      expect(new Set(pids).size).toBe(2);
      await one.decide('reject', 'approved');
      await Promise.all([hasEnded(one), hasEnded(other)]);
      expect(pids.filter(isAlive)).toEqual([]);
    } finally {
      await Promise.all([one.close(), other.close()]);
      await postgres.stop();
    }
  },
  2 * MINUTE,
);

it(
  'a program that nobody had to approve ends when a reload takes away why',
  async () => {
    await stage.reload(stage.upstream(), { launch: { programs: [stage.program] } });
    await stage.isUp();
    await stage.reload(stage.upstream());
    await hasEnded();
  },
  MINUTE,
);
