import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { isRunning, type RunningGateway, startGateway } from '../../support/gateway.ts';
import { VOUCHED } from '../../support/vouched.ts';
import { httpV1, httpV2, openV1, openV2, type Peer } from '../clients/peer.ts';

const TINY = { command: process.execPath, args: [join(import.meta.dirname, 'tiny-stdio.ts')] };

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startGateway({
    configText: JSON.stringify({
      listen: { port: 0 },
      launch: VOUCHED,
      upstreams: { tiny: TINY, other: TINY, own: { ...TINY, process: 'session' } },
    }),
  });
});
afterAll(() => gateway?.stop());

const pidOf = async (peer: Peer): Promise<number> => Number((await peer.call('pid')).text);
const urlOf = (server: string): string => `${gateway.url}/servers/${server}/mcp`;

async function withPeers<T>(peers: Promise<Peer>[], use: (peers: Peer[]) => Promise<T>): Promise<T> {
  const open = await Promise.all(peers);
  try {
    return await use(open);
  } finally {
    await Promise.all(open.map(({ sdk }) => sdk.close()));
  }
}

it.each([
  ['legacy', () => openV1(httpV1(urlOf('tiny')))],
  ['modern', () => openV2(httpV2(urlOf('tiny')), 'auto')],
])('starts a killed process again for the next call of a %s client', async (_, open: () => Promise<Peer>) => {
  await withPeers([open()], async ([peer]) => {
    if (peer === undefined) return;
    const first = await pidOf(peer);
    process.kill(first, 'SIGKILL');
    await vi.waitFor(() => expect(isRunning(first)).toBe(false));
    const second = await vi.waitFor(() => pidOf(peer), { timeout: 10_000, interval: 100 });
    expect(second).not.toBe(first);
    expect(await pidOf(peer)).toBe(second);
  });
});

it('ends the call on which a process died in an error, and answers the next', async () => {
  await withPeers([openV1(httpV1(urlOf('tiny')))], async ([peer]) => {
    await expect(peer?.call('exit')).rejects.toMatchObject({ code: -32603 });
    const echoed = await vi.waitFor(() => peer?.call('echo', { still: 'here' }), {
      timeout: 10_000,
      interval: 100,
    });
    expect(echoed?.text).toBe('{"still":"here"}');
  });
});

it('leaves the other servers alone when one process dies', async () => {
  await withPeers([openV1(httpV1(urlOf('tiny'))), openV1(httpV1(urlOf('other')))], async ([peer, other]) => {
    if (peer === undefined || other === undefined) return;
    const before = await pidOf(other);
    await vi.waitFor(() => pidOf(peer), { timeout: 10_000, interval: 100 });
    await expect(peer.call('exit')).rejects.toMatchObject({ code: -32603 });
    expect(await pidOf(other)).toBe(before);
  });
});

it('gives each session a process of its own where the configuration says so, and ends it with the session', async () => {
  const transports = [httpV1(urlOf('own')), httpV1(urlOf('own'))];
  const peers = await Promise.all(transports.map((transport) => openV1(transport)));
  const [first = 0, second = 0] = await Promise.all(peers.map(pidOf));
  expect(first).not.toBe(second);
  await transports[0]?.terminateSession();
  await vi.waitFor(() => expect(isRunning(first)).toBe(false), 5000);
  expect(isRunning(second)).toBe(true);
  await transports[1]?.terminateSession();
  await vi.waitFor(() => expect(isRunning(second)).toBe(false), 5000);
  await Promise.all(peers.map(({ sdk }) => sdk.close()));
});
