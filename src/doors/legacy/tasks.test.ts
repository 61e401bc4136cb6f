import { afterEach, describe, expect, it } from 'vitest';
import { EventReader } from '../../../test/support/event-reader.ts';
import {
  complete,
  DISCOVERED,
  type DoorUnderTest,
  openSession,
  type RawSession,
  type Script,
  startLegacyDoor,
} from '../../../test/support/legacy-door.ts';
import type { Call, Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import { failedBy } from '../../wire/failure.ts';

let door: DoorUnderTest | undefined;
afterEach(async () => {
  await door?.close();
  door = undefined;
});

async function start(script: Script): Promise<DoorUnderTest> {
  const extensions = { 'io.modelcontextprotocol/tasks': {} };
  const capabilities = { ...DISCOVERED.capabilities, extensions };
  door = await startLegacyDoor({ script, discovered: { ...DISCOVERED, capabilities } });
  return door;
}

const TIMES = { createdAt: '2026-01-01T00:00:00.000Z', lastUpdatedAt: '2026-01-01T00:00:01.000Z' };
const task = (status: string, more: object = {}) => ({
  taskId: 't1',
  status,
  ...TIMES,
  ttlMs: 60_000,
  pollIntervalMs: 500,
  ...more,
});
const legacyTask = (status: string) => ({
  taskId: 't1',
  status,
  ...TIMES,
  ttl: 60_000,
  pollInterval: 500,
});
const made = (): Outcome => ({
  kind: 'task',
  result: JsonText.of({ resultType: 'task', ...task('working') }),
});
const related = { 'io.modelcontextprotocol/related-task': { taskId: 't1' } };

async function ask(session: RawSession, method: string, params: object): Promise<Record<string, unknown>> {
  const response = await session.post({ jsonrpc: '2.0', id: 7, method, params });
  const [message] = response.headers.get('content-type')?.startsWith('application/json')
    ? [(await response.json()) as Record<string, unknown>]
    : await new EventReader(response).rest();
  return message ?? {};
}

describe('a tool call that wants a task', () => {
  it('is a call with the wish beside it, and is answered with the task', async () => {
    const { url, calls } = await start(made);
    const session = await openSession(url);
    const answer = await ask(session, 'tools/call', { name: 't', task: { ttl: 5000 } });
    expect(answer['result']).toEqual({ task: legacyTask('working') });
    const given = calls.at(-1)?.call;
    expect(given?.legacy?.task).toEqual({ ttlMs: 5000 });
    expect(given?.message.at('params', 'task')).toBeUndefined();
  });

  it('is a plain call where the revision has no tasks', async () => {
    const { url, calls } = await start(() => complete({ content: [] }));
    const session = await openSession(url, '2025-06-18');
    const answer = await ask(session, 'tools/call', { name: 't', task: { ttl: 5000 } });
    expect(answer['result']).toEqual({ content: [] });
    expect(calls.at(-1)?.call.legacy).not.toHaveProperty('task');
  });

  it('is never answered with a task that nobody asked for in its revision', async () => {
    const { url } = await start(made);
    const session = await openSession(url, '2025-06-18');
    const answer = await ask(session, 'tools/call', { name: 't' });
    expect(answer['error']).toMatchObject({ code: -32603 });
  });
});

describe('methods of tasks', () => {
  it.each(['tasks/get', 'tasks/result', 'tasks/list', 'tasks/cancel', 'tasks/update'])(
    '%s does not exist before 2025-11-25',
    async (method) => {
      const { url } = await start(() => complete({}));
      const session = await openSession(url, '2025-06-18');
      const answer = await ask(session, method, { taskId: 't1' });
      expect(answer['error']).toMatchObject({ code: -32601 });
    },
  );

  it('tasks/get gives the task as it is', async () => {
    const { url, calls } = await start(() => complete(task('working')));
    const answer = await ask(await openSession(url), 'tasks/get', { taskId: 't1' });
    expect(answer['result']).toEqual(legacyTask('working'));
    expect(calls.at(-1)?.call).toMatchObject({ method: 'tasks/get', name: 't1' });
    expect(calls.at(-1)?.call.legacy).toBeDefined();
  });

  it('tasks/list gives a page, whose cursor passes', async () => {
    const { url, calls } = await start(() => complete({ tasks: [task('completed')], nextCursor: 'n' }));
    const answer = await ask(await openSession(url), 'tasks/list', { cursor: 'c' });
    expect(answer['result']).toEqual({ tasks: [legacyTask('completed')], nextCursor: 'n' });
    expect(calls.at(-1)?.call.message.at('params', 'cursor')?.string()).toBe('c');
  });

  it('tasks/result gives the result, which names the task', async () => {
    const { url } = await start(() => complete({ content: [], structuredContent: [1] }));
    const answer = await ask(await openSession(url), 'tasks/result', { taskId: 't1' });
    expect(answer['result']).toEqual({
      content: [{ type: 'text', text: '[1]' }],
      structuredContent: { result: [1] },
      _meta: related,
    });
  });

  it('tasks/result gives the very error of the tool', async () => {
    const error = JsonText.of({ code: 42, message: 'no', data: [1] });
    const { url } = await start(() => ({
      kind: 'error',
      error,
      code: undefined,
      retryAfterSeconds: undefined,
    }));
    const answer = await ask(await openSession(url), 'tasks/result', { taskId: 't1' });
    expect(answer['error']).toEqual(error.value());
  });

  it('tasks/result asks what the task asks, more than eight times, each question with its task', async () => {
    let rounds = 0;
    const given: unknown[] = [];
    const { url } = await start((call: Call) => {
      given.push(call.message.at('params', 'inputResponses')?.value());
      rounds++;
      if (rounds > 12) return complete({ content: [] });
      const question = { method: 'elicitation/create', params: { message: `${rounds}` } };
      const inputRequests = { [`${rounds}-q`]: question };
      const result = JsonText.of({ resultType: 'input_required', inputRequests, requestState: 's' });
      return { kind: 'input_required', result, legacy: undefined };
    });
    const session = await openSession(url, '2025-11-25', { elicitation: {} });
    const params = { taskId: 't1' };
    const reader = new EventReader(
      await session.post({ jsonrpc: '2.0', id: 'r', method: 'tasks/result', params }),
    );
    for (let round = 1; round <= 12; round++) {
      const asked = (await reader.message())?.message ?? {};
      expect(asked).toMatchObject({ params: { message: `${round}`, _meta: related } });
      const result = { action: 'accept', content: { round }, _meta: related };
      await session.post({ jsonrpc: '2.0', id: asked['id'], result });
    }
    expect(await reader.rest()).toEqual([
      { jsonrpc: '2.0', id: 'r', result: { content: [], _meta: related } },
    ]);
    expect(given[0]).toBeUndefined();
    expect(given[1]).toEqual({ '1-q': { action: 'accept', content: { round: 1 } } });
  });
});

describe('a question of a task that is not answered', () => {
  const script: Script = ({ legacy }) => {
    if (legacy?.refusals.size === 1) return complete({ content: [] });
    const question = { method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } };
    const result = JsonText.of({ resultType: 'input_required', inputRequests: { '1-q': question } });
    return { kind: 'input_required', result, legacy: undefined };
  };

  it('does not end the wait for the result: the task hears of the refusal and goes on', async () => {
    const { url, calls } = await start(script);
    const session = await openSession(url, '2025-11-25', { sampling: {} });
    const params = { taskId: 't1' };
    const reader = new EventReader(
      await session.post({ jsonrpc: '2.0', id: 'r', method: 'tasks/result', params }),
    );
    const asked = (await reader.message())?.message ?? {};
    const error = { code: -1, message: 'No.' };
    await session.post({ jsonrpc: '2.0', id: asked['id'], error });
    expect(await reader.rest()).toMatchObject([{ id: 'r', result: { content: [] } }]);
    expect(calls.at(-1)?.call.legacy?.refusals.get('1-q')?.value()).toEqual(error);
  });

  it('nor does one for which the client lacks the capability', async () => {
    const { url } = await start(script);
    const answer = await ask(await openSession(url), 'tasks/result', { taskId: 't1' });
    expect(answer['result']).toMatchObject({ content: [] });
  });
});

describe('tasks/cancel', () => {
  function script(statuses: string[]): Script {
    return ({ method }) =>
      method === 'tasks/cancel' ? complete({}) : complete(task(statuses.shift() ?? 'none'));
  }
  const inner = ({ calls }: DoorUnderTest) =>
    calls.map(({ call }) => call.method).filter((method) => method.startsWith('tasks/'));

  it('cancels the task and gives it as it is then', async () => {
    const under = await start(script(['working', 'cancelled']));
    const answer = await ask(await openSession(under.url), 'tasks/cancel', { taskId: 't1' });
    expect(answer['result']).toEqual(legacyTask('cancelled'));
    expect(inner(under)).toEqual(['tasks/get', 'tasks/cancel', 'tasks/get']);
    const { message, name } = under.calls.at(-2)?.call ?? {};
    expect([message?.get('method')?.string(), name]).toEqual(['tasks/cancel', 't1']);
  });

  it.each(['completed', 'failed', 'cancelled'])('refuses one that is %s', async (status) => {
    const under = await start(script([status]));
    const answer = await ask(await openSession(under.url), 'tasks/cancel', { taskId: 't1' });
    expect(answer['error']).toMatchObject({ code: -32602 });
    expect(inner(under)).toEqual(['tasks/get']);
  });

  it('refuses one that ended meanwhile', async () => {
    const under = await start(script(['working', 'completed']));
    const answer = await ask(await openSession(under.url), 'tasks/cancel', { taskId: 't1' });
    expect(answer['error']).toMatchObject({ code: -32602 });
  });

  it('tells what the inside tells of an unknown task', async () => {
    const { url } = await start(() => failedBy(new GatewardError('TASK_NOT_FOUND')));
    const answer = await ask(await openSession(url), 'tasks/cancel', { taskId: 'x' });
    expect(answer['error']).toMatchObject({ code: -32602 });
  });
});

describe('initialize', () => {
  it('offers tasks to the one revision that has them', async () => {
    const { url } = await start(() => complete({}));
    for (const version of ['2025-11-25', '2025-06-18']) {
      const params = { protocolVersion: version, capabilities: {}, clientInfo: { name: 'x', version: '1' } };
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
      });
      const { result } = (await response.json()) as { result: { capabilities: object } };
      const offered = { list: {}, cancel: {}, requests: { tools: { call: {} } } };
      expect(result.capabilities).toHaveProperty('logging');
      expect(result.capabilities).not.toHaveProperty('extensions');
      expect(Object(result.capabilities)['tasks']).toEqual(version === '2025-11-25' ? offered : undefined);
    }
  });
});
