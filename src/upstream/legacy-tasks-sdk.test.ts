import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type LegacyHttp, startLegacyHttp } from '../../test/fixtures/servers/legacy-http.ts';
import { bodyOf, sketchCall } from '../../test/support/legacy-upstream.ts';
import { upstreamTasksSchema } from '../config/schema-tasks.ts';
import { systemClock } from '../lib/clock.ts';
import { createSeal } from '../lib/seal.ts';
import { createUpstreamOf } from './create-upstream.ts';
import type { Upstream } from './upstream.ts';

const WITHIN = { timeout: 8_000, interval: 50 };
const capabilities = { elicitation: { form: {} } };

let server: LegacyHttp;
let upstream: Upstream;
beforeEach(async () => {
  server = await startLegacyHttp({ tasks: true });
  upstream = make(server.url);
});
afterEach(async () => {
  await upstream.close();
  await server.stop();
});

function make(url: string): Upstream {
  return createUpstreamOf(
    {
      kind: 'http',
      name: 'it',
      url,
      proxy: null,
      transport: 'auto',
      era: 'auto',
      headers: {},
      timeoutMs: 10_000,
      maxTimeoutMs: 20_000,
      connectTimeoutMs: 5_000,
      inputTimeoutMs: 5_000,
      maxConnections: 8,
      maxResponseBytes: 1_000_000,
      trusted: false,
      repeatable: false,
      tasks: upstreamTasksSchema.parse({}),
    },
    {
      clientInfo: { name: 'gateward', version: '0' },
      context: 'own',
      hooksOf: () => ({}),
      createStdioOpener: () => {
        throw new TypeError('No processes here.');
      },
      seal: createSeal(Buffer.alloc(32, 7)),
      clock: systemClock,
      monotonicMs: () => performance.now(),
      random: Math.random,
      log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    },
  );
}

async function ask(method: string, params: Record<string, unknown>) {
  const outcome = await upstream.call(sketchCall({ method, params, capabilities }).call, 'c');
  return { kind: outcome.kind, body: bodyOf(outcome) };
}

async function makeTask(name: string, args: object): Promise<string> {
  const { kind, body } = await ask('tools/call', { name, arguments: args });
  expect(kind).toBe('task');
  return String(body['taskId']);
}

/** Asks for the task until it is in this state. */
function reaches(taskId: string, status: string) {
  return vi.waitFor(async () => {
    const { body } = await ask('tasks/get', { taskId });
    expect(body['status']).toBe(status);
    return body;
  }, WITHIN);
}

describe('a server made with the SDK of TypeScript', () => {
  test('completes a task', async () => {
    const taskId = await makeTask('slow_compute', { seconds: 0.2, label: 'x' });
    const { result } = await reaches(taskId, 'completed');
    expect(result).toMatchObject({ resultType: 'complete', content: [{ text: 'Computed x' }] });
  });

  test('gives the failure of a tool as a result, and an error of the protocol as an error', async () => {
    const failing = await makeTask('failing_job', {});
    const broken = await makeTask('protocol_error_job', {});
    expect((await reaches(failing, 'completed'))['result']).toMatchObject({ isError: true });
    expect((await reaches(broken, 'failed'))['error']).toMatchObject({ code: -32_603 });
  });

  test('asks several questions at once, and goes on with the answers', async () => {
    const taskId = await makeTask('multi_input', {});
    const { inputRequests } = await reaches(taskId, 'input_required');
    expect(Object.keys(Object(inputRequests))).toHaveLength(2);
    const answers = Object.keys(Object(inputRequests)).map((key, index) => [
      key,
      { action: 'accept', content: { name: `n${index}` } },
    ]);
    await ask('tasks/update', { taskId, inputResponses: Object.fromEntries(answers) });
    const { result } = await reaches(taskId, 'completed');
    expect(result).toMatchObject({ content: [{ text: 'n0, n1' }] });
  });

  test('cancels a task', async () => {
    const taskId = await makeTask('slow_compute', { seconds: 30 });
    expect((await ask('tasks/cancel', { taskId })).body).toEqual({ resultType: 'complete' });
    await reaches(taskId, 'cancelled');
  });
});
