import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { VOUCHED } from '../../support/vouched.ts';
import { httpV1, openV1, type Peer } from '../clients/peer.ts';
import { referenceServer } from './start-everything.ts';

let folder: string;
let gateway: RunningGateway;
let peer: Peer;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'gateward-files-')));
  await writeFile(join(folder, 'hello.txt'), 'Hello from a file\n');
  gateway = await startGateway({
    configText: JSON.stringify({
      listen: { port: 0 },
      launch: VOUCHED,
      upstreams: {
        files: { command: process.execPath, args: [referenceServer('filesystem'), folder] },
        memory: {
          command: process.execPath,
          args: [referenceServer('memory')],
          env: { MEMORY_FILE_PATH: join(folder, 'memory.jsonl') },
        },
      },
    }),
  });
  peer = await openV1(httpV1(`${gateway.url}/mcp`));
});
afterAll(async () => {
  await peer?.sdk.close();
  await gateway?.stop();
  await rm(folder, { recursive: true, force: true });
});

it('reads and writes files through server-filesystem', async () => {
  const read = await peer.call('files__read_text_file', { path: join(folder, 'hello.txt') });
  expect(read).toMatchObject({ text: 'Hello from a file\n', isError: false });
  const path = join(folder, 'written.txt');
  await peer.call('files__write_file', { path, content: 'Grüße 🌍\n' });
  expect(await readFile(path, 'utf8')).toBe('Grüße 🌍\n');
});

it('hands on the refusal of server-filesystem to leave its folder', async () => {
  const refused = await peer.call('files__read_text_file', { path: '/etc/hostname' });
  expect(refused).toMatchObject({ isError: true, text: expect.stringContaining('denied') });
});

it('remembers in server-memory, and announces the change of its resource', async () => {
  const uri = 'memory://knowledge-graph';
  await peer.sdk.subscribeResource({ uri });
  const entities = [{ name: 'Ada', entityType: 'person', observations: ['wrote the first program'] }];
  await peer.call('memory__create_entities', { entities });
  await vi.waitFor(
    () =>
      expect(peer.seen).toContainEqual({
        method: 'notifications/resources/updated',
        params: expect.objectContaining({ uri }),
      }),
    5000,
  );
  expect((await peer.call('memory__search_nodes', { query: 'Ada' })).text).toContain('first program');
  expect(JSON.stringify(await peer.sdk.readResource({ uri }))).toContain('Ada');
});
