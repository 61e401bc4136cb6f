import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createNatsBus } from '../../src/store/bus/nats-bus.ts';
import type { Bus } from '../../src/store/store.ts';
import { busContract } from '../bus-contract/contract.ts';
import { type RunningNats, startNats } from '../support/nats.ts';
import { recordLog } from '../support/record-log.ts';

describe('the bus over NATS', () => {
  let nats: RunningNats;
  const { log, lines } = recordLog();
  const open = (prefix = 'gateward.test'): Promise<Bus> => createNatsBus({ url: nats.url, prefix, log });

  beforeAll(async () => {
    nats = await startNats();
  });
  afterAll(() => nats.stop());

  busContract(async () => ({ a: await open(), b: await open(), settle: () => sleep(50) }));

  it('keeps fleets apart', async () => {
    const [one, other] = [await open('gateward.one'), await open('gateward.other')];
    const heard: string[] = [];
    for (const bus of [one, other]) bus.subscribe('t', (text) => heard.push(text));
    await sleep(50);
    one.publish('t', 'x');
    await sleep(200);
    expect(heard).toEqual(['x']);
    await Promise.all([one.close(), other.close()]);
  });

  it('comes back after the server did, with all that it listened for', async () => {
    const [a, b] = [await open(), await open()];
    const heard: string[] = [];
    b.subscribe('t', (text) => heard.push(text));
    await nats.kill();
    await vi.waitFor(() => expect(lines.join('\n')).toContain('is away'));
    for (let n = 0; n < 100; n += 1) a.publish('t', 'lost');
    b.subscribe('later', (text) => heard.push(text));
    await nats.start();
    await vi.waitFor(() => {
      a.publish('t', 'again');
      a.publish('later', 'too');
      expect(heard).toEqual(expect.arrayContaining(['again', 'too']));
    }, 10_000);
    expect(heard).not.toContain('lost');
    await Promise.all([a.close(), b.close()]);
  });

  it('begins without the server, says so without the password, and connects later', async () => {
    await nats.kill();
    const said = recordLog();
    const bus = await createNatsBus({ url: nats.url, prefix: 'gateward.test', log: said.log });
    expect(said.lines.join('\n')).toContain('is away');
    expect(said.lines.join('\n')).not.toContain('s3cret');
    const heard: string[] = [];
    bus.subscribe('t', (text) => heard.push(text));
    await nats.start();
    const other = await open();
    await vi.waitFor(() => {
      other.publish('t', 'x');
      expect(heard).toContain('x');
    }, 10_000);
    await Promise.all([bus.close(), other.close()]);
  });

  it('can be closed while the server is away', async () => {
    const connected = await open();
    await nats.kill();
    const bus = await open();
    await Promise.all([bus.close(), connected.close()]);
    await nats.start();
  });
});
