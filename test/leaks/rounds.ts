import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { exchange, type Message } from './exchange.ts';

/** What a round works with. */
export interface Scene {
  /** The gateway's address. */
  readonly url: string;
  /** The gateway's command line. */
  readonly command: readonly [string, ...string[]];
  /** Remembers a process that the round saw, which must be gone in the end. */
  sawProcess(pid: number): void;
}

/** Connects, calls and closes once. Rejects when an answer is wrong or missing. */
export type Round = (scene: Scene) => Promise<void>;

const LEGACY = '2025-11-25';
const MODERN = '2026-07-28';

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: LEGACY, capabilities: {}, clientInfo: { name: 'leaks', version: '1.0.0' } },
};
const INITIALIZED = { jsonrpc: '2.0', method: 'notifications/initialized' };

function toolCall(name: string, args: Record<string, unknown> = {}): object {
  return { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } };
}

const isAnswer = ({ id, method }: Message): boolean => id === 1 && method === undefined;

function textOf(message: Message): string {
  assert(message.result !== undefined, `an error came: ${JSON.stringify(message.error)}`);
  const [block] = message.result['content'] as [{ text: string }];
  return block.text;
}

/** Opens a legacy session over Streamable HTTP, and gives the headers of its requests. */
async function openSession(url: string): Promise<Record<string, string>> {
  const opened = await exchange(url, { body: INITIALIZE });
  const session = String(opened.response.headers['mcp-session-id']);
  const initialized = await opened.find(({ id }) => id === 0);
  assert(initialized.result !== undefined, JSON.stringify(initialized.error));
  const headers = { 'mcp-session-id': session, 'mcp-protocol-version': LEGACY };
  (await exchange(url, { headers, body: INITIALIZED })).response.resume();
  return headers;
}

/** A legacy session, until `use` is done with it. */
async function withSession(
  url: string,
  use: (headers: Record<string, string>) => Promise<void>,
): Promise<void> {
  const headers = await openSession(url);
  await use(headers);
  (await exchange(url, { method: 'DELETE', headers })).response.resume();
}

async function callInSession(
  url: string,
  headers: Record<string, string>,
  call: { name: string; args?: Record<string, unknown> },
): Promise<string> {
  const answered = await exchange(url, { headers, body: toolCall(call.name, call.args) });
  return textOf(await answered.find(isAnswer));
}

/** A session whose upstream is a process of its own. */
const startProcess: Round = async ({ url, sawProcess }) => {
  const endpoint = `${url}/servers/tiny/mcp`;
  await withSession(endpoint, async (headers) => {
    sawProcess(Number(await callInSession(endpoint, headers, { name: 'pid' })));
  });
};

/** A session with a GET stream, to a legacy server over HTTP. */
const openGetStream: Round = async ({ url }) => {
  const endpoint = `${url}/servers/legacy/mcp`;
  await withSession(endpoint, async (headers) => {
    const stream = await exchange(endpoint, { method: 'GET', headers });
    const text = await callInSession(endpoint, headers, { name: 'echo', args: { round: 1 } });
    assert.equal(text, '{"round":1}');
    await stream.cut();
  });
};

/** A session that its client leaves without a word, as most do: it ends when its time is over. */
export const leaveSession: Round = async ({ url }) => {
  const endpoint = `${url}/servers/legacy/mcp`;
  const headers = await openSession(endpoint);
  const stream = await exchange(endpoint, { method: 'GET', headers });
  await callInSession(endpoint, headers, { name: 'echo' });
  await stream.cut();
};

function modern(
  method: string,
  params: Record<string, unknown>,
  capabilities: object = {},
): { headers: Record<string, string>; body: object } {
  const name = params['name'] ?? params['taskId'];
  return {
    headers: {
      'mcp-protocol-version': MODERN,
      'mcp-method': method,
      ...(typeof name === 'string' && { 'mcp-name': name }),
    },
    body: {
      jsonrpc: '2.0',
      id: 1,
      method,
      params: {
        ...params,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': MODERN,
          'io.modelcontextprotocol/clientInfo': { name: 'leaks', version: '1.0.0' },
          'io.modelcontextprotocol/clientCapabilities': capabilities,
        },
      },
    },
  };
}

/** One modern call on a new connection. */
const callModern: Round = async ({ url }) => {
  const params = { name: 'echo', arguments: { round: 1 } };
  const answered = await exchange(`${url}/servers/modern/mcp`, modern('tools/call', params));
  assert.equal(textOf(await answered.find(isAnswer)), '{"round":1}');
};

/** A modern call that the client cuts off while it runs. */
const cutCall: Round = async ({ url }) => {
  const params = { name: 'slow', arguments: { ms: 20_000, steps: 1000 } };
  const { headers, body } = modern('tools/call', params);
  const withToken = structuredClone(body) as { params: { _meta: Record<string, unknown> } };
  withToken.params._meta['progressToken'] = 'steps';
  const running = await exchange(`${url}/servers/modern/mcp`, { headers, body: withToken });
  await running.find(({ method }) => method === 'notifications/progress');
  await running.cut();
};

/** A listen stream, closed by the client once it is acknowledged. */
const listen: Round = async ({ url }) => {
  const params = { notifications: { toolsListChanged: true } };
  const stream = await exchange(`${url}/mcp`, modern('subscriptions/listen', params));
  await stream.find(({ method }) => method === 'notifications/subscriptions/acknowledged');
  await stream.cut();
};

async function askOfTask(
  url: string,
  method: string,
  params: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const capabilities = { extensions: { 'io.modelcontextprotocol/tasks': {} } };
  const answered = await exchange(`${url}/servers/tasked/mcp`, modern(method, params, capabilities));
  const { result, error } = await answered.find(isAnswer);
  assert(result !== undefined, `an error came: ${JSON.stringify(error)}`);
  return result;
}

async function awaitStatus(url: string, taskId: unknown, status: string): Promise<Record<string, unknown>> {
  for (let left = 200; ; left--) {
    const task = await askOfTask(url, 'tasks/get', { taskId });
    if (task['status'] === status) return task;
    assert(left > 0 && task['status'] === 'working', `not ${status}: ${JSON.stringify(task)}`);
    await sleep(50);
  }
}

/** A task that its client follows to its end. */
const finishTask: Round = async ({ url }) => {
  const params = { name: 'slow', arguments: { ms: 100, steps: 1 } };
  const { taskId } = await askOfTask(url, 'tools/call', params);
  const { result } = await awaitStatus(url, taskId, 'completed');
  assert.match(JSON.stringify(result), /"content"/);
};

/** A task whose client cancels it while its call is under way. */
const cancelTask: Round = async ({ url }) => {
  const params = { name: 'slow', arguments: { ms: 20_000, steps: 1000 } };
  const { taskId } = await askOfTask(url, 'tools/call', params);
  await askOfTask(url, 'tasks/cancel', { taskId });
  await awaitStatus(url, taskId, 'cancelled');
};

/** A session over HTTP+SSE, which ends with its stream. */
const openSse: Round = async ({ url }) => {
  const stream = await exchange(`${url}/servers/legacy/sse`, { method: 'GET' });
  const endpoint = new URL(await stream.endpoint(), url).href;
  const post = async (body: object): Promise<void> =>
    void (await exchange(endpoint, { body })).response.resume();
  await post(INITIALIZE);
  await stream.find(({ id }) => id === 0);
  await post(INITIALIZED);
  await post(toolCall('echo', { round: 1 }));
  assert.equal(textOf(await stream.find(isAnswer)), '{"round":1}');
  await stream.cut();
};

/** A client that only speaks stdio: the gateway's own bridge in a process. */
const connectOverStdio: Round = async ({ url, command, sawProcess }) => {
  const [node, ...args] = command;
  const child = spawn(node, [...args, 'connect', `${url}/servers/legacy/mcp`], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  sawProcess(child.pid ?? 0);
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (fits: (message: Message) => boolean): Promise<Message> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error('gateward connect ended before the answer came');
      const message: Message = JSON.parse(value);
      if (fits(message)) return message;
    }
  };
  const write = (message: object): void => void child.stdin.write(`${JSON.stringify(message)}\n`);
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  write(INITIALIZE);
  await read(({ id }) => id === 0);
  write(INITIALIZED);
  write(toolCall('echo', { round: 1 }));
  assert.equal(textOf(await read(isAnswer)), '{"round":1}');
  child.stdin.end();
  const [code] = await ended;
  clearTimeout(timer);
  assert.equal(code, 0, 'gateward connect did not end well');
};

/** The kinds of rounds, which take turns. Those that start a process take far longer than the others. */
export const QUICK_ROUNDS: Readonly<Record<string, Round>> = {
  callModern,
  openGetStream,
  listen,
  openSse,
  cutCall,
  finishTask,
  cancelTask,
};
export const PROCESS_ROUNDS: Readonly<Record<string, Round>> = { startProcess, connectOverStdio };
