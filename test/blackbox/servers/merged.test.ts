import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startModernHttp } from '../../fixtures/servers/modern-http.ts';
import type { Listening } from '../../fixtures/servers/shared/listen.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { VOUCHED } from '../../support/vouched.ts';
import { httpV1, httpV2, openV1, openV2, type Peer } from '../clients/peer.ts';
import { referenceServer, type ServerProcess, startEverything } from './start-everything.ts';

const MODERN_STDIO = join(import.meta.dirname, '..', '..', 'fixtures', 'servers', 'modern-stdio.ts');

let folder: string;
let http: ServerProcess;
let sse: ServerProcess;
let modern: Listening;
let gateway: RunningGateway;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'gateward-merged-')));
  await writeFile(join(folder, 'hello.txt'), 'Hello from a file');
  [http, sse, modern] = await Promise.all([
    startEverything('streamableHttp'),
    startEverything('sse'),
    startModernHttp(),
  ]);
  const node = (...args: string[]) => ({ command: process.execPath, args });
  gateway = await startGateway({
    configText: JSON.stringify({
      listen: { port: 0 },
      launch: VOUCHED,
      upstreams: {
        stdio: node(referenceServer('everything'), 'stdio'),
        http: { url: http.url },
        sse: { url: sse.url },
        files: node(referenceServer('filesystem'), folder),
        memory: {
          ...node(referenceServer('memory')),
          env: { MEMORY_FILE_PATH: join(folder, 'memory.jsonl') },
        },
        modern: { url: modern.url },
        'modern-stdio': node(MODERN_STDIO),
      },
    }),
  });
});
afterAll(async () => {
  await gateway?.stop();
  await Promise.all([http?.kill(), sse?.kill(), modern?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

/** One tool of each upstream, its arguments, and what its answer holds. */
const CALLS: readonly [string, Record<string, unknown> | (() => Record<string, unknown>), string][] = [
  ['stdio__echo', { message: 'one' }, 'Echo: one'],
  ['http__get-sum', { a: 2, b: 3 }, '5'],
  ['sse__echo', { message: 'two' }, 'Echo: two'],
  ['files__read_text_file', () => ({ path: join(folder, 'hello.txt') }), 'Hello from a file'],
  ['memory__read_graph', {}, 'entities'],
  ['modern__echo', { message: 'three' }, 'three'],
  ['modern-stdio__echo', { message: 'four' }, 'four'],
];

describe.each([
  ['a legacy', () => openV1(httpV1(`${gateway.url}/mcp`))],
  ['a modern', () => openV2(httpV2(`${gateway.url}/mcp`), 'auto')],
])('%s client of seven servers in one', (_, open: () => Promise<Peer>) => {
  let peer: Peer;
  beforeAll(async () => {
    peer = await open();
  });
  afterAll(() => peer?.sdk.close());

  it('lists every tool once, upstream by upstream in the order of the configuration', async () => {
    const { tools } = await peer.sdk.listTools();
    const names = tools.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const order = names.map((name) => name.slice(0, name.indexOf('__')));
    expect(order.filter((upstream, index) => upstream !== order[index - 1])).toEqual([
      ...['stdio', 'http', 'sse', 'files', 'memory', 'modern', 'modern-stdio'],
    ]);
  });

  it.each(CALLS)('calls %s', async (name, args, text) => {
    const result = await peer.call(name, typeof args === 'function' ? args() : args);
    expect(result).toMatchObject({ isError: false, text: expect.stringContaining(text) });
  });

  it('reads the same URI from the first that has it, and from the others by their alias', async () => {
    const uri = 'demo://resource/static/document/features.md';
    const listed = (await peer.sdk.listResources()).resources.map((resource) => resource.uri);
    for (const one of [uri, `http+${uri}`, `sse+${uri}`, 'test://static-text', 'memory://knowledge-graph']) {
      expect(listed).toContain(one);
      expect(await peer.sdk.readResource({ uri: one })).toMatchObject({ contents: [{ uri: one }] });
    }
  });

  it('gets a prompt of each kind of server', async () => {
    const prompts = (await peer.sdk.listPrompts()).prompts.map(({ name }) => name);
    for (const name of ['stdio__simple-prompt', 'sse__simple-prompt', 'modern__test_simple_prompt']) {
      expect(prompts).toContain(name);
      const { messages } = await peer.sdk.getPrompt({ name });
      expect(messages).toHaveLength(1);
    }
  });
});

describe('one of the servers dies', () => {
  it('fails its own calls, and the others go on', async () => {
    const peer = await openV1(httpV1(`${gateway.url}/mcp`));
    try {
      await peer.call('http__echo', { message: 'alive' });
      await http.kill();
      await expect(peer.call('http__echo', { message: 'dead' })).rejects.toMatchObject({ code: -32603 });
      for (const [name, args, text] of CALLS.filter(([tool]) => !tool.startsWith('http__'))) {
        const result = await peer.call(name, typeof args === 'function' ? args() : args);
        expect(result.text).toContain(text);
      }
      const { tools } = await peer.sdk.listTools();
      expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['stdio__echo', 'modern__echo']));
      await vi.waitFor(async () => {
        const ready = await fetch(`${gateway.url}/readyz`);
        expect(await ready.text()).toContain('http');
      });
    } finally {
      await peer.sdk.close();
    }
  });
});
