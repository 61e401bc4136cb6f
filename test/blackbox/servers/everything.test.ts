import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { VOUCHED } from '../../support/vouched.ts';
import { httpV1, httpV2, openV1, openV2, type Peer } from '../clients/peer.ts';
import { referenceServer, type ServerProcess, startEverything } from './start-everything.ts';

let servers: ServerProcess[] = [];
let gateway: RunningGateway;
beforeAll(async () => {
  servers = await Promise.all([startEverything('streamableHttp'), startEverything('sse')]);
  const [http, sse] = servers;
  gateway = await startGateway({
    configText: JSON.stringify({
      listen: { port: 0 },
      launch: VOUCHED,
      upstreams: {
        stdio: {
          command: process.execPath,
          args: [referenceServer('everything'), 'stdio'],
          process: 'session',
        },
        http: { url: http?.url },
        sse: { url: sse?.url },
      },
    }),
  });
});
afterAll(async () => {
  await gateway?.stop();
  await Promise.all(servers.map((server) => server.kill()));
});

const urlOf = (server: string): string => `${gateway.url}/servers/${server}/mcp`;

it('finds the era of each', () => {
  const states = gateway.events.filter(({ event }) => event === 'upstream');
  expect(states.map(({ name, state, era }) => ({ name, state, era }))).toEqual(
    expect.arrayContaining(['stdio', 'http', 'sse'].map((name) => ({ name, state: 'up', era: 'legacy' }))),
  );
});

describe.each(['stdio', 'http', 'sse'])('server-everything over %s', (server) => {
  let peer: Peer;
  beforeAll(async () => {
    peer = await openV1(httpV1(urlOf(server)));
  });
  afterAll(() => peer?.sdk.close());

  it('lists its tools, calls one, and says who it is', async () => {
    const { tools } = await peer.sdk.listTools();
    expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['echo', 'get-sum']));
    expect((await peer.call('echo', { message: 'hello' })).text).toBe('Echo: hello');
    expect((await peer.call('get-structured-content', { location: 'Chicago' })).structured).toMatchObject({
      conditions: expect.any(String),
    });
    expect(peer.sdk.getInstructions()).toContain('Everything Server');
  });

  it('reads a resource of its list and one of its templates', async () => {
    const { resources } = await peer.sdk.listResources();
    const uri = 'demo://resource/static/document/features.md';
    expect(resources.map((resource) => resource.uri)).toContain(uri);
    expect(await peer.sdk.readResource({ uri })).toMatchObject({ contents: [{ uri }] });
    const dynamic = 'demo://resource/dynamic/text/7';
    expect(await peer.sdk.readResource({ uri: dynamic })).toMatchObject({ contents: [{ uri: dynamic }] });
  });

  it('gets a prompt, and completes an argument', async () => {
    const prompt = await peer.sdk.getPrompt({ name: 'args-prompt', arguments: { city: 'Paris' } });
    expect(JSON.stringify(prompt.messages)).toContain('Paris');
    const { completion } = await peer.sdk.complete({
      ref: { type: 'ref/prompt', name: 'completable-prompt' },
      argument: { name: 'department', value: 'E' },
    });
    expect(completion.values).toContain('Engineering');
  });

  it('reports progress of a long call', async () => {
    const steps: number[] = [];
    const { text } = await peer.call(
      'trigger-long-running-operation',
      { duration: 0.3, steps: 3 },
      { onprogress: ({ progress }) => steps.push(progress) },
    );
    expect(text).toContain('completed');
    expect(steps).toEqual([1, 2, 3]);
  });

  it('asks the client for input, a sample and its roots', async () => {
    // The server offers these tools only once it knows what the client can answer.
    const wanted = ['trigger-elicitation-request', 'trigger-sampling-request', 'get-roots-list'];
    await vi.waitFor(async () => {
      const { tools } = await peer.sdk.listTools();
      expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(wanted));
    }, 5000);
    expect((await peer.call('trigger-sampling-request', { prompt: 'Hi', maxTokens: 10 })).text).toContain(
      'Hello',
    );
    expect((await peer.call('trigger-elicitation-request')).text).toContain('User provided');
    expect((await peer.call('get-roots-list')).text).toContain('file:///work/project');
  });

  it('answers a modern client', async () => {
    const modern = await openV2(httpV2(urlOf(server)), 'auto');
    try {
      expect(modern.revision).toBe('2026-07-28');
      const { tools } = await modern.sdk.listTools();
      expect(tools.map(({ name }) => name)).toContain('echo');
      expect((await modern.call('echo', { message: 'new' })).text).toBe('Echo: new');
    } finally {
      await modern.sdk.close();
    }
  });
});
