import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Front, MODERN_TARGETS, startFront } from './front.ts';
import { httpV2, openV2 } from './peer.ts';
import { ANY_ERA, describeScene, type Stage } from './scenarios.ts';

const LIST_CHANGED = 'notifications/tools/list_changed';

let front: Front;
beforeAll(async () => {
  front = await startFront();
});
afterAll(() => front?.stop());

const connect = (path: string) => openV2(httpV2(front.at(`${path}/mcp`)), 'auto');

/** What only a modern client does: logs by request, listen streams, state that goes back and forth. */
function describeModern({ target, peer }: Stage): void {
  it('agrees on 2026-07-28', () => {
    expect(peer().revision).toBe('2026-07-28');
  });

  it('logs for the call that asks for it, and for no other', async () => {
    const { seen } = peer();
    const logged = () => seen.filter(({ method }) => method === 'notifications/message');
    seen.length = 0;
    await peer().call(target.name('test_logging_tool'));
    expect(logged()).toEqual([]);
    await peer().call(
      target.name('test_logging_tool'),
      {},
      { meta: { 'io.modelcontextprotocol/logLevel': 'info' } },
    );
    expect(logged()).toMatchObject([{ params: { data: 'test_logging_tool ran' } }]);
  });

  it('brings the state of a call back as it was', async () => {
    const { answers } = peer();
    peer().answers = { ...answers, elicit: () => ({ action: 'accept', content: { ok: true } }) };
    try {
      const { text } = await peer().call(target.name('test_input_required_result_request_state'));
      expect(text).toBe('state-ok: requestState verified and confirmation received');
    } finally {
      peer().answers = answers;
    }
  });

  it('asks twice, each round with the state of the last', async () => {
    const { text } = await peer().call(target.name('test_input_required_result_multi_round'));
    expect(text).toBe('Multi-round complete: Ada likes Ada');
  });

  it('gets a prompt that asks first', async () => {
    const name = target.name('test_input_required_result_prompt');
    const { messages } = await peer().sdk.getPrompt({ name });
    expect(JSON.stringify(messages)).toContain('Use this context: Ada');
  });

  it('mirrors an argument in a header, whatever its characters', async () => {
    await peer().sdk.listTools();
    for (const region of ['eu-west-1', 'Zürich', ' padded ', '=?base64?x?=']) {
      const { text } = await peer().call(target.name('test_x_mcp_header'), { region });
      expect(text).toBe(`region=${region}`);
    }
  });

  it('listens for changes of the tools and updates of a resource', async () => {
    const own = await connect(target.path);
    try {
      const uri = target.uri('test://watched-resource');
      const subscription = await own.client.listen({ toolsListChanged: true, resourceSubscriptions: [uri] });
      expect(subscription.honoredFilter).toMatchObject({
        toolsListChanged: true,
        resourceSubscriptions: [uri],
      });
      const methods = () => own.seen.map(({ method }) => method);
      await peer().call(target.name('set_extra_tool'), { present: true });
      await vi.waitFor(() => expect(methods()).toContain(LIST_CHANGED), 5000);
      const { tools } = await own.sdk.listTools();
      expect(tools.map(({ name }) => name)).toContain(target.name('extra_tool'));
      await peer().call(target.name('set_extra_tool'), { present: false });
      const touched = await peer().call(target.name('touch_watched_resource'));
      await vi.waitFor(
        () =>
          expect(own.seen).toContainEqual({
            method: 'notifications/resources/updated',
            params: expect.objectContaining({ uri }),
          }),
        5000,
      );
      expect(JSON.stringify(await own.sdk.readResource({ uri }))).toContain(touched.text);
      await subscription.close();
      expect(await subscription.closed).toBe('local');
      own.seen.length = 0;
      await peer().call(target.name('touch_watched_resource'));
      await peer().call(target.name('test_tool_with_progress'));
      expect(own.seen).toEqual([]);
    } finally {
      await own.sdk.close();
    }
  });

  it('hears nothing on a stream that did not ask for it', async () => {
    const own = await connect(target.path);
    try {
      await own.client.listen({ promptsListChanged: true });
      await peer().call(target.name('test_trigger_tool_change'));
      await peer().call(target.name('touch_watched_resource'));
      await peer().call(target.name('test_trigger_prompt_change'));
      await vi.waitFor(() => expect(own.seen).not.toEqual([]), 5000);
      expect(new Set(own.seen.map(({ method }) => method))).toEqual(
        new Set(['notifications/prompts/list_changed']),
      );
    } finally {
      await own.sdk.close();
    }
  });
}

describe('the client of SDK v2 in the modern era, through the gateway to a modern server', () => {
  for (const target of MODERN_TARGETS) {
    describeScene(
      {
        title: `at ${target.title}`,
        target,
        open: () => connect(target.path),
      },
      [...ANY_ERA, describeModern],
    );
  }
});

describe('a gateway that stops', () => {
  it('ends listen streams by a proper response', async () => {
    const own = await startFront();
    const peer = await openV2(httpV2(own.at('/mcp')), 'auto');
    const subscription = await peer.client.listen({ toolsListChanged: true });
    await own.stop();
    expect(await subscription.closed).toBe('graceful');
    await peer.sdk.close();
  });
});
