import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { askModern, postModern } from '../../test/support/front-door.ts';
import type { Call, Outcome } from '../call.ts';
import { JsonText } from '../lib/json-text.ts';
import { classify } from '../wire/classify.ts';
import { answerModern } from './modern.ts';
import { Ticker } from './ticker.ts';

let end: (() => Promise<unknown>) | undefined;
afterEach(async () => {
  await end?.();
  end = undefined;
});

/** The modern door in front of an inside that the test plays. */
async function openDoor(play: (call: Call) => Outcome | Promise<Outcome>): Promise<string> {
  const ticker = new Ticker();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const body = JsonText.parse(Buffer.concat(chunks));
    const classified = classify(body, request.headers);
    if (classified.era !== 'modern' || classified.kind !== 'request') throw new TypeError('not modern');
    const where = { server: 'all', path: '/mcp', query: '', baseUrl: 'http://x', remoteAddress: '::1' };
    const handle = async ({ call }: { call: Call }): Promise<Outcome> => play(call);
    answerModern({ request, response, body, ...where }, classified, {
      handle,
      ticker,
      maxQueuedBytes: 1_000_000,
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  end = () => {
    ticker.stop();
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

const TASK = { resultType: 'task', taskId: 't1', status: 'working', ttlMs: null };
const made: Outcome = { kind: 'task', result: JsonText.of(TASK) };
const progress = (value: number) =>
  JsonText.of({ jsonrpc: '2.0', method: 'notifications/progress', params: { progress: value } });

describe('a call that becomes a task', () => {
  it('is answered with the task as JSON while nothing was sent', async () => {
    const url = await openDoor(() => made);
    const { status, headers, message } = await askModern(url, 'tools/call', { params: { name: 't' } });
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(message).toEqual({ jsonrpc: '2.0', id: 1, result: TASK });
  });

  it('ends its stream with the task, and what the call still sends is dropped', async () => {
    const calls: Call[] = [];
    const url = await openDoor((call) => {
      calls.push(call);
      void call.notify(progress(1));
      return made;
    });
    const response = await postModern(url, 'tools/call', { params: { name: 't' } });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const told = await response.text();
    expect(told.match(/^data:/gm)).toHaveLength(2);
    expect(told).toContain(`"result":${JSON.stringify(TASK)}`);
    expect(calls[0]?.notify(progress(2))).toBeUndefined();
  });

  it('goes on when its client is gone after the answer', async () => {
    const calls: Call[] = [];
    const url = await openDoor((call) => {
      calls.push(call);
      return made;
    });
    await askModern(url, 'tools/call', { params: { name: 't' } });
    await end?.();
    end = undefined;
    expect(calls[0]?.signal.aborted).toBe(false);
  });
});
