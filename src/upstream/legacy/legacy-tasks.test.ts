import { afterEach, describe, expect, it } from 'vitest';
import {
  type FakeServerOptions,
  NO_ANSWER,
  RpcError,
  type Turn,
} from '../../../test/support/fake-legacy-server.ts';
import { ASKABLE, bodyOf, type Sketch, sketchCall } from '../../../test/support/legacy-upstream.ts';
import { quiet } from '../../../test/support/manual-clock.ts';
import { ReplicaFleet } from '../../../test/support/replica-fleet.ts';

const CAPABILITIES = { tools: {}, tasks: { cancel: {}, requests: { tools: { call: {} } } } };
const TIMES = { createdAt: '2026-01-01T00:00:00Z', lastUpdatedAt: '2026-01-01T00:00:01Z' };
const RELATED = { 'io.modelcontextprotocol/related-task': { taskId: 't1' } };
const FORM = { message: 'Name?', requestedSchema: { type: 'object', properties: {} } };
const ACCEPT = { action: 'accept', content: { name: 'x' } };

let fleet: ReplicaFleet | undefined;
afterEach(async () => {
  await fleet?.stop();
  expect(fleet?.clock.pending ?? 0).toBe(0);
  fleet = undefined;
});

/** A server with one tool, which runs as a task only, and one task. */
class TaskServer {
  status = 'working';
  known = 't1';
  payload: unknown = { content: [], done: true };
  /** Runs for `tasks/result` in place of the payload. */
  onResult: ((turn: Turn) => unknown) | undefined;
  readonly options: FakeServerOptions;

  constructor(plain: (params: unknown) => unknown, options: FakeServerOptions = {}) {
    const ofTask = (turn: Turn, run: () => unknown) =>
      turn.params['taskId'] === this.known ? run() : new RpcError(-32602, 'Task not found');
    this.options = {
      capabilities: CAPABILITIES,
      tools: {
        slow: ({ params }) => (params['task'] === undefined ? plain(params) : { task: this.#task }),
        quick: () => ({ content: [] }),
      },
      methods: {
        'tasks/get': (turn) => ofTask(turn, () => this.#task),
        'tasks/cancel': (turn) =>
          ofTask(turn, () => {
            this.status = 'cancelled';
            return this.#task;
          }),
        'tasks/result': (turn) =>
          ofTask(turn, () => (this.onResult === undefined ? this.payload : this.onResult(turn))),
      },
      ...options,
    };
  }

  get #task() {
    return { taskId: 't1', status: this.status, ttl: 60_000, pollInterval: 500, ...TIMES };
  }
}

const refuse = () => new RpcError(-32601, 'Tool slow requires task augmentation');

async function start(server: TaskServer) {
  fleet = await ReplicaFleet.start(server.options);
  return fleet;
}

async function call(it: ReplicaFleet, sketch: Sketch, id = 'a') {
  const sent = sketchCall({ capabilities: ASKABLE, ...sketch });
  const calling = it.replica(id).connector.call(sent.call, 'context');
  calling.catch(() => undefined);
  await quiet();
  await it.clock.advance(30);
  await quiet();
  const outcome = await calling;
  return { kind: outcome.kind, body: bodyOf(outcome) };
}

const PARAMS = { name: 'slow', arguments: { n: 1 } };
const make = async (it: ReplicaFleet) => String((await call(it, { params: PARAMS })).body['taskId']);
const ask = (it: ReplicaFleet, method: string, params: Record<string, unknown>, id = 'a') =>
  call(it, { method, params }, id);
const received = (it: ReplicaFleet, method: string) =>
  it.server.sessions.flatMap((session) => session.requests(method));

describe('a tool that a legacy server runs as a task only', () => {
  it.each<[string, () => unknown]>([
    ['an error', refuse],
    [
      'a failed result, as the SDK of TypeScript says it',
      () => ({
        isError: true,
        content: [{ type: 'text', text: 'MCP error -32601: Tool slow requires task augmentation' }],
      }),
    ],
  ])('is called again as a task after %s, and from then on at once', async (_, plain) => {
    const it = await start(new TaskServer(plain));
    const { kind, body } = await call(it, { params: PARAMS });
    expect(kind).toBe('task');
    expect(body).toEqual({
      resultType: 'task',
      taskId: expect.any(String),
      status: 'working',
      ttlMs: 60_000,
      pollIntervalMs: 500,
      ...TIMES,
    });
    expect(body['taskId']).not.toBe('t1');
    expect(received(it, 'tools/call').map(({ params }) => params)).toEqual([
      PARAMS,
      { ...PARAMS, task: { ttl: 86_400_000 } },
    ]);
    await make(it);
    expect(received(it, 'tools/call')).toHaveLength(3);
  });

  it('is known from the list of tools', async () => {
    const server = new TaskServer(refuse);
    const tools = [{ name: 'slow', inputSchema: {}, execution: { taskSupport: 'required' } }];
    const methods = { ...server.options.methods, 'tools/list': () => ({ tools }) };
    fleet = await ReplicaFleet.start({ ...server.options, methods });
    await call(fleet, { method: 'tools/list', params: {} });
    await make(fleet);
    expect(received(fleet, 'tools/call')).toHaveLength(1);
  });

  it('gets no task where the server does not declare them', async () => {
    const it = await start(new TaskServer(refuse, { capabilities: { tools: {} } }));
    expect((await call(it, { params: PARAMS })).kind).toBe('error');
    expect(received(it, 'tools/call')).toHaveLength(1);
  });

  it('leaves other tools as they are', async () => {
    const it = await start(new TaskServer(refuse));
    expect((await call(it, { params: { name: 'quick' } })).kind).toBe('complete');
    expect((await call(it, { params: { name: 'missing' } })).kind).toBe('error');
  });
});

describe('a task of a legacy server', () => {
  it('completes with its result', async () => {
    const server = new TaskServer(refuse);
    const it = await start(server);
    const taskId = await make(it);
    expect((await ask(it, 'tasks/get', { taskId })).body).toMatchObject({
      resultType: 'complete',
      taskId,
      status: 'working',
    });
    server.status = 'completed';
    server.payload = { content: [], done: true, _meta: RELATED };
    const { body } = await ask(it, 'tasks/get', { taskId });
    expect(body).toMatchObject({
      taskId,
      status: 'completed',
      result: { resultType: 'complete', done: true },
    });
    expect(JSON.stringify(body)).not.toContain('related-task');
    expect((await ask(it, 'tasks/get', { taskId })).body).toEqual(body);
    expect(received(it, 'tasks/result')).toHaveLength(1);
    expect(it.server.open).toEqual([]);
  });

  it('fails with the error of its call, and completes with the failure of a tool', async () => {
    const server = new TaskServer(refuse);
    const it = await start(server);
    const taskId = await make(it);
    server.status = 'failed';
    server.payload = new RpcError(-32603, 'boom');
    expect((await ask(it, 'tasks/get', { taskId })).body).toMatchObject({
      status: 'failed',
      error: { code: -32603, message: 'boom' },
    });
    const other = await make(it);
    server.payload = { isError: true, content: [] };
    expect((await ask(it, 'tasks/get', { taskId: other })).body).toMatchObject({
      status: 'completed',
      result: { isError: true },
    });
  });

  it('is cancelled', async () => {
    const it = await start(new TaskServer(refuse));
    const taskId = await make(it);
    expect((await ask(it, 'tasks/cancel', { taskId })).body).toEqual({ resultType: 'complete' });
    expect((await ask(it, 'tasks/get', { taskId })).body).toMatchObject({ status: 'cancelled' });
    expect(received(it, 'tasks/cancel')).toHaveLength(1);
  });

  it('asks its questions, and gets the answers', async () => {
    const server = new TaskServer(refuse);
    const it = await start(server);
    const taskId = await make(it);
    server.status = 'input_required';
    server.onResult = async ({ ask: put }) => {
      const got = await put('elicitation/create', { ...FORM, _meta: RELATED });
      server.status = 'completed';
      return { content: [], got };
    };
    const { body } = await ask(it, 'tasks/get', { taskId });
    expect(body).toMatchObject({
      status: 'input_required',
      inputRequests: { 'input-1': { method: 'elicitation/create', params: FORM } },
    });
    expect(JSON.stringify(body)).not.toContain('related-task');
    expect((await ask(it, 'tasks/get', { taskId })).body).toEqual(body);
    const answers = { taskId, inputResponses: { 'input-1': ACCEPT } };
    expect((await ask(it, 'tasks/update', answers)).body).toEqual({ resultType: 'complete' });
    expect((await ask(it, 'tasks/get', { taskId })).body).toMatchObject({
      status: 'completed',
      result: { got: { result: { ...ACCEPT, _meta: RELATED } } },
    });
    expect(received(it, 'tasks/result')).toHaveLength(1);
  });

  it('works on as long as a server that needs input asks nothing', async () => {
    const server = new TaskServer(refuse);
    const it = await start(server);
    const taskId = await make(it);
    server.status = 'input_required';
    server.onResult = () => NO_ANSWER;
    const { call: get } = sketchCall({ method: 'tasks/get', params: { taskId } });
    const getting = it.replica('a').connector.call(get, 'context');
    await quiet();
    await it.clock.advance(1_000);
    expect(bodyOf(await getting)).toMatchObject({ status: 'working' });
  });

  it('is reached at the replica that has its session, and elsewhere once that one is dead', async () => {
    const server = new TaskServer(refuse);
    const it = await start(server);
    const taskId = await make(it);
    expect((await ask(it, 'tasks/get', { taskId }, 'b')).body).toMatchObject({ status: 'working' });
    expect(it.server.sessions).toHaveLength(1);
    it.kill('a');
    expect((await ask(it, 'tasks/get', { taskId }, 'b')).body).toMatchObject({ status: 'working' });
    server.status = 'completed';
    expect((await ask(it, 'tasks/get', { taskId }, 'b')).body).toMatchObject({ status: 'completed' });
    expect(received(it, 'initialize')).toHaveLength(1);
  });

  it('stays at the server when its replica stops', async () => {
    const it = await start(new TaskServer(refuse));
    const taskId = await make(it);
    await it.replica('a').connector.close();
    it.fence('a');
    expect((await ask(it, 'tasks/get', { taskId }, 'b')).body).toMatchObject({ status: 'working' });
  });

  it('is nobody else’s', async () => {
    const it = await start(new TaskServer(refuse));
    const taskId = await make(it);
    const { call: get } = sketchCall({ method: 'tasks/get', params: { taskId } });
    expect(await it.replica('a').connector.call(get, 'other')).toMatchObject({ code: 'TASK_NOT_FOUND' });
  });

  it.each([
    ['goes on where the server knows it without its session', true],
    ['is unknown where the server does not', false],
  ])('%s', async (_, keeps) => {
    const server = new TaskServer(refuse);
    const it = await start(server);
    const taskId = await make(it);
    it.server.sessions[0]?.lose();
    if (!keeps) server.known = 'another';
    const { kind, body } = await ask(it, 'tasks/get', { taskId });
    expect([kind, keeps ? body['status'] : body['code']]).toEqual(
      keeps ? ['complete', 'working'] : ['error', -32602],
    );
    expect(it.server.sessions).toHaveLength(2);
  });

  it('keeps its session at the server while nobody asks for it', async () => {
    const it = await start(new TaskServer(refuse));
    const taskId = await make(it);
    await it.clock.advance(600_000);
    expect((await ask(it, 'tasks/get', { taskId })).body).toMatchObject({ status: 'working' });
    expect(received(it, 'initialize')).toHaveLength(1);
  });
});

it('a question on a transport without streams finds its task by what it says', async () => {
  const server = new TaskServer(refuse, { tellsRequests: false });
  server.onResult = async ({ ask: put }) => ({
    got: await put('elicitation/create', { ...FORM, _meta: RELATED }),
  });
  const it = await start(server);
  const taskId = await make(it);
  server.status = 'input_required';
  expect((await ask(it, 'tasks/get', { taskId })).body).toMatchObject({ status: 'input_required' });
});
