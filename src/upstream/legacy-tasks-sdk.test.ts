import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type LegacyHttp, startLegacyHttp } from '../../test/fixtures/servers/legacy-http.ts';
import { bodyOf, sketchCall } from '../../test/support/legacy-upstream.ts';
import { upstreamAt } from '../../test/support/upstream-over-http.ts';
import type { Upstream } from './upstream.ts';

const WITHIN = { timeout: 8_000, interval: 50 };
const capabilities = { elicitation: { form: {} } };

let server: LegacyHttp;
let upstream: Upstream;
beforeEach(async () => {
  server = await startLegacyHttp({ tasks: true });
  upstream = upstreamAt(server.url);
});
afterEach(async () => {
  await upstream.close();
  await server.stop();
});

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
