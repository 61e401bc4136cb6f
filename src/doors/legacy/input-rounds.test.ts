import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { afterEach, describe, expect, it } from 'vitest';
import { EventReader } from '../../../test/support/event-reader.ts';
import {
  complete,
  type DoorUnderTest,
  openSession,
  type RawSession,
  type Script,
  startLegacyDoor,
} from '../../../test/support/legacy-door.ts';
import type { Call, LegacyInputRequired, Outcome } from '../../call.ts';
import { JsonText } from '../../lib/json-text.ts';

let door: DoorUnderTest | undefined;
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await door?.close();
  door = undefined;
});

async function start(script: Script): Promise<DoorUnderTest> {
  door = await startLegacyDoor({ script });
  return door;
}

function ask(
  inputRequests: object | undefined,
  requestState?: string,
  legacy?: LegacyInputRequired,
): Outcome {
  const result = JsonText.of({ resultType: 'input_required', inputRequests, requestState });
  return { kind: 'input_required', result, legacy };
}

const params = (call: Call) => call.message.get('params')?.value() as Record<string, unknown>;
const text = (value: unknown) => complete({ content: [{ type: 'text', text: JSON.stringify(value) }] });
const form = (message: string) => ({
  method: 'elicitation/create',
  params: {
    mode: 'form',
    message,
    requestedSchema: { type: 'object', properties: { n: { type: 'integer' } } },
  },
});
const sampling = {
  method: 'sampling/createMessage',
  params: { messages: [{ role: 'user', content: { type: 'text', text: 'hi' } }], maxTokens: 5 },
};

/** A legacy upstream that takes nothing back. */
const legacyUpstream: LegacyInputRequired = { elicitationIds: new Map(), onWithdrawn: () => undefined };

async function connect(url: string, capabilities: object): Promise<Client> {
  const client = new Client({ name: 'sdk', version: '1' }, { capabilities });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  ends.push(() => client.close());
  return client;
}

const call = (id: unknown, method = 'tools/call') => ({
  jsonrpc: '2.0',
  id,
  method,
  params: { name: 't', uri: 'x:1' },
});

/** Posts a call and gives the reader of its stream, past the priming event. */
async function openCall(session: RawSession, method?: string): Promise<EventReader> {
  return new EventReader(await session.post(call('c', method)));
}

describe('a call that asks for input', () => {
  it('asks the official client for everything, and goes on with its answers', async () => {
    const { url, calls } = await start((given) => {
      const { inputResponses, requestState } = params(given);
      if (inputResponses === undefined) {
        return ask({ e: form('How many?'), s: sampling, r: { method: 'roots/list' } }, 'state ü');
      }
      return text({ inputResponses, requestState });
    });
    const client = await connect(url, { elicitation: {}, sampling: {}, roots: {} });
    client.setRequestHandler(ElicitRequestSchema, async (request) => {
      expect(request.params.message).toBe('How many?');
      return { action: 'accept', content: { n: 3 } };
    });
    client.setRequestHandler(CreateMessageRequestSchema, async () => ({
      role: 'assistant',
      model: 'm',
      content: { type: 'text', text: 'yes' },
    }));
    client.setRequestHandler(ListRootsRequestSchema, async () => ({ roots: [{ uri: 'file:///a' }] }));
    const result = await client.callTool({ name: 't' });
    expect(JSON.parse((result.content as { text: string }[])[0]?.text ?? '')).toEqual({
      inputResponses: {
        e: { action: 'accept', content: { n: 3 } },
        s: { role: 'assistant', model: 'm', content: { type: 'text', text: 'yes' } },
        r: { roots: [{ uri: 'file:///a' }] },
      },
      requestState: 'state ü',
    });
    const [first, retry] = calls.filter((given) => given.call.method === 'tools/call');
    expect(retry?.call.id).not.toBe(first?.call.id);
    expect(retry?.call.name).toBe('t');
  });

  it('carries on over several rounds, and answers only the last', async () => {
    let round = 0;
    const { url } = await start((given) => {
      round++;
      if (round > 1)
        expect(params(given)['inputResponses']).toEqual({ e: { action: 'accept', n: round - 1 } });
      void given.notify(
        JsonText.of({
          jsonrpc: '2.0',
          method: 'notifications/progress',
          params: { progressToken: 1, progress: 1 },
        }),
      );
      return round < 4 ? ask({ e: form(`round ${round}`) }) : text('done');
    });
    const session = await openSession(url, '2025-11-25', { elicitation: {} });
    const reader = await openCall(session);
    expect((await reader.message())?.message).toMatchObject({ method: 'notifications/progress' });
    const ids = new Set<unknown>();
    for (let n = 1; n < 4; n++) {
      const asked = (await reader.message())?.message;
      expect(asked).toMatchObject({ method: 'elicitation/create', params: { message: `round ${n}` } });
      ids.add(asked?.['id']);
      const answered = await session.post({
        jsonrpc: '2.0',
        id: asked?.['id'],
        result: { action: 'accept', n },
      });
      expect(answered.status).toBe(202);
    }
    expect(ids.size).toBe(3);
    expect(await reader.rest()).toMatchObject([{ id: 'c', result: {} }]);
  });

  it('ends after eight rounds', async () => {
    let rounds = 0;
    const { url } = await start(() => {
      rounds++;
      return ask(undefined, 'more');
    });
    const session = await openSession(url);
    const [last] = await (await openCall(session)).rest();
    expect(last).toMatchObject({ id: 'c', error: { code: -32603 } });
    expect(rounds).toBe(9);
  });

  it('lets one call of a legacy server ask as often as it likes', async () => {
    let rounds = 0;
    const { url } = await start(() =>
      ++rounds > 20 ? text('enough') : ask({ e: form(`${rounds}`) }, 'parked', legacyUpstream),
    );
    const session = await openSession(url, '2025-11-25', { elicitation: {} });
    const reader = await openCall(session);
    for (let round = 1; round <= 20; round++) {
      const id = (await reader.message())?.message?.['id'];
      await session.post({ jsonrpc: '2.0', id, result: { action: 'accept', content: {} } });
    }
    expect(await reader.rest()).toMatchObject([{ result: { content: [{ text: '"enough"' }] } }]);
  });

  it('refuses an outcome that asks for nothing', async () => {
    const { url } = await start(() => ask(undefined));
    const session = await openSession(url);
    expect(await (await session.post(call(1))).json()).toMatchObject({ error: { code: -32603 } });
  });
});

describe('a client that cannot be asked', () => {
  it('is never asked: a tool fails inside its result, anything else by an error', async () => {
    const { url, calls } = await start(() => ask({ e: form('?'), s: sampling }));
    const session = await openSession(url, '2025-11-25', { elicitation: {} });
    const tool = (await (await session.post(call(1))).json()) as { result: { isError: boolean } };
    expect(tool.result.isError).toBe(true);
    const prompt = await session.post(call(2, 'prompts/get'));
    expect(await prompt.json()).toMatchObject({ error: { code: -32603 } });
    expect(calls.filter(({ call: given }) => given.method === 'tools/call')).toHaveLength(1);
  });

  it('is not asked for forms where its revision has none', async () => {
    const { url } = await start(() => ask({ e: form('?') }));
    const session = await openSession(url, '2025-03-26', { elicitation: {} });
    expect(await (await session.post(call(1))).json()).toMatchObject({ result: { isError: true } });
  });

  it('is not asked when it takes no stream, unless another one is open', async () => {
    const { url } = await start((given) =>
      params(given)['inputResponses'] === undefined
        ? ask({ e: form('?') })
        : text(params(given)['inputResponses']),
    );
    const session = await openSession(url, '2025-11-25', { elicitation: {} });
    const alone = await session.post(call(1), { accept: 'application/json' });
    expect(await alone.json()).toMatchObject({
      result: { content: [{ text: '{"e":{"action":"cancel"}}' }] },
    });
    const stream = new EventReader(await session.get());
    const answer = session.post(call(2), { accept: 'application/json' });
    const asked = (await stream.message())?.message;
    await session.post({ jsonrpc: '2.0', id: asked?.['id'], result: { action: 'decline' } });
    expect(await (await answer).json()).toMatchObject({
      result: { content: [{ text: '{"e":{"action":"decline"}}' }] },
    });
  });
});

describe('a client that refuses', () => {
  it('cancels an elicitation of a modern upstream', async () => {
    const { url } = await start((given) => {
      const { inputResponses } = params(given);
      return inputResponses === undefined ? ask({ e: form('?') }) : text(inputResponses);
    });
    const session = await openSession(url, '2025-11-25', { elicitation: {} });
    const reader = await openCall(session);
    const asked = (await reader.message())?.message;
    await session.post({ jsonrpc: '2.0', id: asked?.['id'], error: { code: -1, message: 'no' } });
    expect(await reader.rest()).toMatchObject([
      { result: { content: [{ text: '{"e":{"action":"cancel"}}' }] } },
    ]);
  });

  it('ends a call of a modern upstream that sampled, and the other questions are taken back', async () => {
    const { url } = await start(() => ask({ s: sampling, r: { method: 'roots/list' } }));
    const session = await openSession(url, '2025-11-25', { sampling: {}, roots: {} });
    const reader = await openCall(session);
    const [one, two] = [(await reader.message())?.message, (await reader.message())?.message];
    expect([one?.['method'], two?.['method']]).toEqual(['sampling/createMessage', 'roots/list']);
    await session.post({ jsonrpc: '2.0', id: one?.['id'], error: { code: -1, message: 'User said no' } });
    const rest = await reader.rest();
    expect(rest).toMatchObject([
      { method: 'notifications/cancelled', params: { requestId: two?.['id'] } },
      { id: 'c', error: { code: -32603 } },
    ]);
    expect(JSON.stringify(rest)).toContain('User said no');
  });

  it('is quoted to a legacy upstream, word for word', async () => {
    let refusals: unknown;
    const { url } = await start((given) => {
      if (params(given)['inputResponses'] === undefined)
        return ask({ s: sampling }, 'parked', legacyUpstream);
      refusals = [...(given.legacy?.refusals ?? [])].map(([key, error]) => [key, error.text]);
      return text('went on');
    });
    const session = await openSession(url, '2025-11-25', { sampling: {} });
    const reader = await openCall(session);
    const asked = (await reader.message())?.message;
    await session.post(
      `{"jsonrpc":"2.0","id":${JSON.stringify(asked?.['id'])},"error":{"code":-1, "message":"no"}}`,
    );
    expect(await reader.rest()).toMatchObject([{ result: { content: [{ text: '"went on"' }] } }]);
    expect(refusals).toEqual([['s', '{"code":-1, "message":"no"}']]);
  });
});

describe('a question', () => {
  it('is worded for the client: url elicitations get an id, forms of 2025-06-18 lose what it lacks', async () => {
    const url = {
      method: 'elicitation/create',
      params: { mode: 'url', message: 'go', url: 'https://e.example/' },
    };
    const choice = { type: 'string', oneOf: [{ const: 'a', title: 'A' }], default: 'a' };
    const titled = {
      method: 'elicitation/create',
      params: { mode: 'form', message: 'pick', requestedSchema: { type: 'object', properties: { choice } } },
    };
    const { url: at } = await start((given) => {
      if (params(given)['inputResponses'] !== undefined) return text('ok');
      const modern = given.legacy?.session.version === '2025-11-25';
      const legacy = { ...legacyUpstream, elicitationIds: new Map([['e', 'theirs']]) };
      return ask({ e: modern ? url : titled }, undefined, legacy);
    });
    const newer = await openSession(at, '2025-11-25', { elicitation: { url: {} } });
    const first = (await (await openCall(newer)).message())?.message?.['params'];
    expect(first).toMatchObject({ mode: 'url', elicitationId: 'theirs', url: 'https://e.example/' });
    const older = await openSession(at, '2025-06-18', { elicitation: {} });
    const second = (await (await openCall(older)).message())?.message?.['params'] as Record<string, unknown>;
    expect(second['mode']).toBeUndefined();
    expect(second['requestedSchema']).toEqual({
      type: 'object',
      properties: { choice: { type: 'string', enum: ['a'], enumNames: ['A'] } },
    });
  });

  it('is taken back when the upstream withdraws it, and late answers mean nothing', async () => {
    let withdraw: ((key: string) => void) | undefined;
    const { url } = await start((given) => {
      const { inputResponses } = params(given);
      if (inputResponses !== undefined) return text(inputResponses);
      return ask({ e: form('?') }, 'parked', {
        elicitationIds: new Map(),
        onWithdrawn: (run) => (withdraw = run),
      });
    });
    const session = await openSession(url, '2025-11-25', { elicitation: {} });
    const reader = await openCall(session);
    const asked = (await reader.message())?.message;
    withdraw?.('e');
    expect((await reader.message())?.message).toMatchObject({
      method: 'notifications/cancelled',
      params: { requestId: asked?.['id'] },
    });
    expect(await reader.rest()).toMatchObject([{ result: { content: [{ text: '{}' }] } }]);
    const late = await session.post({ jsonrpc: '2.0', id: asked?.['id'], result: { action: 'accept' } });
    expect(late.status).toBe(202);
  });

  it('is taken back when the client cancels the call', async () => {
    const { url } = await start(() => ask({ e: form('?') }));
    const session = await openSession(url, '2025-11-25', { elicitation: {} });
    const reader = await openCall(session);
    await reader.message();
    await session.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'c' } });
    expect((await reader.rest()).map(({ method }) => method)).toEqual(['notifications/cancelled']);
  });

  it('waits for a client that comes back', async () => {
    const { url } = await start((given) =>
      params(given)['inputResponses'] === undefined ? ask({ e: form('?') }) : text('answered'),
    );
    const session = await openSession(url, '2025-11-25', { elicitation: {} });
    const reader = await openCall(session);
    const asked = await reader.message();
    await reader.close();
    await session.post({ jsonrpc: '2.0', id: asked?.message?.['id'], result: { action: 'accept' } });
    const resumed = new EventReader(await session.get({ 'last-event-id': asked?.id ?? '' }));
    expect(await resumed.rest()).toMatchObject([{ id: 'c', result: { content: [{ text: '"answered"' }] } }]);
  });
});

describe('what belongs to no call', () => {
  it('goes to the GET stream, and its answers go back with the id of who asked', async () => {
    let given: Call | undefined;
    const { url } = await start((made) => {
      given = made;
      return complete({});
    });
    const session = await openSession(url, '2025-11-25', { roots: {} });
    await session.post(call(1));
    const unbound = given?.legacy?.session.unbound;
    const roots = JsonText.of({ jsonrpc: '2.0', id: 77, method: 'roots/list' });
    expect((await unbound?.(roots))?.value()).toMatchObject({ id: 77, error: { code: -32603 } });
    const reader = new EventReader(await session.get());
    await reader.next();
    const answer = unbound?.(roots);
    const asked = (await reader.message())?.message;
    expect(asked).toMatchObject({ method: 'roots/list' });
    await session.post({ jsonrpc: '2.0', id: asked?.['id'], result: { roots: [] } });
    expect((await answer)?.value()).toEqual({ jsonrpc: '2.0', id: 77, result: { roots: [] } });
    const ping = JsonText.of({ jsonrpc: '2.0', id: 'p', method: 'ping' });
    expect((await unbound?.(ping))?.text).toBe('{"jsonrpc":"2.0","id":"p","result":{}}');
    const sampled = JsonText.of({ jsonrpc: '2.0', id: 1, ...sampling });
    expect((await unbound?.(sampled))?.value()).toMatchObject({ id: 1, error: { code: -32601 } });
    for (const level of ['debug', 'warning']) {
      const params = { level, data: level };
      await unbound?.(JsonText.of({ jsonrpc: '2.0', method: 'notifications/message', params }));
    }
    expect((await reader.message())?.message).toMatchObject({ params: { data: 'warning' } });
  });
});
