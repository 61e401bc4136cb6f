import { afterEach, describe, expect, it, vi } from 'vitest';
import { authorizeAnything } from '../../../test/support/launches.ts';
import { bodyOf, sketchCall, sketchSession } from '../../../test/support/legacy-upstream.ts';
import { isAlive, stdioConfig, stdioDeps } from '../../../test/support/stdio-upstream.ts';
import type { StdioUpstreamConfig } from '../../config/types.ts';
import { GatewardError } from '../../errors.ts';
import type { AuthorizeLaunch, LaunchRequest } from '../../launch-permit.ts';
import type { Opened } from '../opened.ts';
import { createStdioOpener } from './stdio-opener.ts';

/** Programs of which somebody may say that they must not run any more. */
class Launches {
  readonly #ends = new Set<(error: GatewardError) => void>();
  #isOver = false;

  /** How many would be told. */
  get running(): number {
    return this.#ends.size;
  }

  readonly authorize: AuthorizeLaunch = async (request: LaunchRequest) => {
    if (this.#isOver) throw new GatewardError('LAUNCH_NOT_APPROVED');
    const permit = await authorizeAnything()(request);
    return {
      ...permit,
      onWithdrawn: (end) => {
        this.#ends.add(end);
        return () => this.#ends.delete(end);
      },
    };
  };

  withdraw(): void {
    this.#isOver = true;
    const detail = 'for operators';
    for (const end of this.#ends) end(new GatewardError('LAUNCH_NOT_APPROVED', { detail }));
  }

  allow(): void {
    this.#isOver = false;
  }
}

const toClose: Opened[] = [];
afterEach(() => Promise.all(toClose.splice(0).map(({ connector }) => connector.close())));

async function open(config: StdioUpstreamConfig) {
  const launches = new Launches();
  const onWithdrawn = vi.fn();
  const deps = { ...stdioDeps(), authorizeLaunch: launches.authorize, onWithdrawn };
  const opened = await createStdioOpener(config, deps).open(new AbortController().signal);
  toClose.push(opened);
  const call = (name: string, session = sketchSession()) =>
    opened.connector.call(sketchCall({ params: { name }, session }).call, 'context');
  const pid = async (session = sketchSession()) => Number(bodyOf(await call('pid', session))['pid']);
  return { launches, onWithdrawn, opened, call, pid };
}

describe.each(['legacy.js', 'modern.js'])('a program that must not run any more: %s', (script) => {
  it('ends at once with all that is in flight, though it would not end by itself', async () => {
    const { launches, onWithdrawn, call, pid } = await open(stdioConfig(script, { flags: ['stubborn'] }));
    const program = await pid();
    const hanging = call('hang');
    hanging.catch(() => undefined);
    await pid();
    launches.withdraw();
    await expect(hanging).rejects.toMatchObject({
      code: 'LAUNCH_NOT_APPROVED',
      message: expect.not.stringContaining('for operators'),
    });
    expect(onWithdrawn).toHaveBeenCalledTimes(1);
    await expect.poll(() => isAlive(program), { timeout: 1_500 }).toBe(false);
    await expect(call('pid')).rejects.toMatchObject({ code: 'LAUNCH_NOT_APPROVED' });
    await expect.poll(() => launches.running).toBe(0);
  });

  it('ends with each process that it has, and is no program that keeps ending', async () => {
    const { launches, call, pid } = await open(stdioConfig(script, { process: 'session' }));
    const sessions = [sketchSession(), sketchSession(), sketchSession()];
    for (let round = 0; round < 3; round += 1) {
      const pids = await Promise.all(sessions.map((session) => pid(session)));
      expect(new Set(pids).size).toBe(3);
      launches.withdraw();
      await expect.poll(() => pids.filter(isAlive)).toEqual([]);
      await expect(call('pid', sessions[0])).rejects.toMatchObject({ code: 'LAUNCH_NOT_APPROVED' });
      launches.allow();
    }
  });

  it('is not kept in mind once it has ended', async () => {
    const { launches, opened, pid } = await open(stdioConfig(script));
    await pid();
    expect(launches.running).toBe(1);
    await opened.connector.close();
    expect(launches.running).toBe(0);
  });
});
