import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { ElicitRequestSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterEach, describe, expect, it } from 'vitest';
import { EventReader } from '../../../test/support/event-reader.ts';
import { complete, type DoorUnderTest, postRaw, startLegacyDoor } from '../../../test/support/legacy-door.ts';
import { JsonText } from '../../lib/json-text.ts';

let door: DoorUnderTest | undefined;
afterEach(async () => {
  await door?.close();
  door = undefined;
});

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

describe('HTTP+SSE', () => {
  it('serves the official client: calls, progress, questions and changes', async () => {
    door = await startLegacyDoor({
      script: async (call) => {
        const token = call.meta.progressToken?.value();
        const params = { progressToken: token, progress: 1 };
        await call.notify(JsonText.of({ jsonrpc: '2.0', method: 'notifications/progress', params }));
        const given = call.message.at('params', 'inputResponses');
        if (given !== undefined) return complete({ content: [{ type: 'text', text: given.text }] });
        const schema = { type: 'object', properties: {} };
        const form = { method: 'elicitation/create', params: { message: '?', requestedSchema: schema } };
        const result = JsonText.of({ resultType: 'input_required', inputRequests: { e: form } });
        return { kind: 'input_required', result, legacy: undefined };
      },
    });
    const client = new Client({ name: 'sdk', version: '1' }, { capabilities: { elicitation: {} } });
    client.setRequestHandler(ElicitRequestSchema, async () => ({ action: 'decline' }));
    const changed = Promise.withResolvers<void>();
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => changed.resolve());
    await client.connect(new SSEClientTransport(new URL(door.sseUrl)));
    expect(client.getServerVersion()).toMatchObject({ name: 'scripted' });
    await client.ping();
    const progress: number[] = [];
    const result = await client.callTool({ name: 't' }, undefined, {
      onprogress: (update) => progress.push(update.progress),
    });
    expect(result.content).toEqual([{ type: 'text', text: '{"e":{"action":"decline"}}' }]);
    expect(progress).toEqual([1]);
    await sleep(50);
    expect(door.listens.size).toBe(1);
    for (const listen of door.listens) listen.send('notifications/tools/list_changed');
    await changed.promise;
    await client.close();
    await sleep(50);
    expect(door.listens.size).toBe(0);
  });

  it('ends the session with the stream, and aborts what is in work', async () => {
    const aborted = Promise.withResolvers<void>();
    door = await startLegacyDoor({
      script: (call) => {
        call.signal.addEventListener('abort', () => aborted.resolve());
        return new Promise(() => undefined);
      },
    });
    const client = new Client({ name: 'sdk', version: '1' });
    await client.connect(new SSEClientTransport(new URL(door.sseUrl)));
    const call = client.callTool({ name: 't' }).catch(() => undefined);
    await sleep(30);
    await client.close();
    await aborted.promise;
    await call;
  });

  it('names its endpoint first, and refuses what comes before initialize', async () => {
    door = await startLegacyDoor();
    const reader = new EventReader(await fetch(door.sseUrl, { headers: { accept: 'text/event-stream' } }));
    const first = await reader.next();
    expect(first?.event).toBe('endpoint');
    expect(first?.id).toBeUndefined();
    expect(first?.data).toMatch(/^\/sse\/messages\?sessionId=[\w-]{60,200}$/);
    const endpoint = new URL(first?.data ?? '', door.sseUrl).href;
    const early = await postRaw(endpoint, { jsonrpc: '2.0', id: 1, method: 'tools/list' });
    expect(early.status).toBe(400);
    const ping = await postRaw(endpoint, { jsonrpc: '2.0', id: 1, method: 'ping' });
    expect(ping.status).toBe(202);
    expect((await reader.message())?.data).toBe('{"jsonrpc":"2.0","id":1,"result":{}}');
    expect((await postRaw(`${endpoint}x`, { jsonrpc: '2.0', id: 1, method: 'ping' })).status).toBe(404);
    expect(
      (await postRaw(endpoint.split('?')[0] ?? '', { jsonrpc: '2.0', id: 1, method: 'ping' })).status,
    ).toBe(400);
    await reader.close();
    await sleep(50);
    expect((await postRaw(endpoint, { jsonrpc: '2.0', id: 1, method: 'ping' })).status).toBe(404);
  });

  it('opens the session of 2024-11-05 that was asked for', async () => {
    door = await startLegacyDoor();
    const reader = new EventReader(await fetch(door.sseUrl));
    const endpoint = new URL((await reader.next())?.data ?? '', door.sseUrl).href;
    const params = {
      protocolVersion: '2024-11-05',
      capabilities: {},
      clientInfo: { name: 'x', version: '1' },
    };
    await postRaw(endpoint, { jsonrpc: '2.0', id: 1, method: 'initialize', params });
    expect((await reader.message())?.message).toMatchObject({
      id: 1,
      result: { protocolVersion: '2024-11-05' },
    });
    const again = await postRaw(endpoint, { jsonrpc: '2.0', id: 2, method: 'initialize', params });
    expect(again.status).toBe(202);
    expect((await reader.message())?.message).toMatchObject({ id: 2, error: { code: -32600 } });
  });
});
