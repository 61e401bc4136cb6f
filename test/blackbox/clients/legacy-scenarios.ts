import { expect, it, vi } from 'vitest';
import { type Act, ANY_ERA, type Stage } from './scenarios.ts';

const LIST_CHANGED = 'notifications/tools/list_changed';

/** What a legacy server sends of itself while a call runs. */
function describeMessages({ target, peer }: Stage): void {
  it('logs what the level lets through', async () => {
    const { sdk, seen } = peer();
    const logged = () => seen.filter(({ method }) => method === 'notifications/message');
    await sdk.setLoggingLevel('info');
    seen.length = 0;
    await peer().call(target.name('test_tool_with_logging'));
    await vi.waitFor(() =>
      expect(logged().map(({ params }) => params['data'])).toEqual([
        'Tool execution started',
        'Tool processing data',
        'Tool execution completed',
      ]),
    );
    await sdk.setLoggingLevel('error');
    seen.length = 0;
    await peer().call(target.name('test_tool_with_logging'));
    expect(logged()).toEqual([]);
  });

  it('tells the tool that the client failed to answer', async () => {
    const { answers } = peer();
    peer().answers = {
      ...answers,
      elicit: () => {
        throw new Error('the window was closed');
      },
    };
    try {
      const result = await peer().call(target.name('test_elicitation'), { message: 'Hello?' });
      expect(result).toMatchObject({ isError: true, text: expect.stringContaining('did not answer') });
    } finally {
      peer().answers = answers;
    }
  });

  it('says when a visit to a page is over', async () => {
    peer().seen.length = 0;
    await peer().call(target.name('ask_url'));
    await vi.waitFor(() =>
      expect(peer().seen).toContainEqual({
        method: 'notifications/elicitation/complete',
        params: { elicitationId: 'visit-1' },
      }),
    );
  });

  it('lets the model of the client use tools', async () => {
    const { text } = await peer().call(target.name('sample_with_tools'));
    expect(text).toContain('Hello');
  });
}

/** Changes of lists that a server announces, which belong to no call. */
function describeListChanges({ target, peer }: Stage): void {
  it('announces a change of the tools, and then lists the new ones', async () => {
    const { sdk, seen } = peer();
    const names = async () => (await sdk.listTools()).tools.map(({ name }) => name);
    const announced = () => seen.filter(({ method }) => method === LIST_CHANGED);
    expect(await names()).not.toContain(target.name('extra_tool'));
    seen.length = 0;
    await peer().call(target.name('set_extra_tool'), { present: true });
    await vi.waitFor(() => expect(announced()).not.toEqual([]), 5000);
    expect(await names()).toContain(target.name('extra_tool'));
    seen.length = 0;
    await peer().call(target.name('set_extra_tool'), { present: false });
    await vi.waitFor(() => expect(announced()).not.toEqual([]), 5000);
    expect(await names()).not.toContain(target.name('extra_tool'));
  });
}

/** Updates of a resource, which belong to no call either. */
export function describeUpdates({ target, peer }: Stage): void {
  it('announces updates of a resource while the client is subscribed to it', async () => {
    const { sdk, seen } = peer();
    const uri = target.uri('test://watched-resource');
    const updates = () => seen.filter(({ method }) => method === 'notifications/resources/updated');
    await sdk.subscribeResource({ uri });
    seen.length = 0;
    const touched = await peer().call(target.name('touch_watched_resource'));
    await vi.waitFor(() => expect(updates()).toMatchObject([{ params: { uri } }]), 5000);
    expect(JSON.stringify(await sdk.readResource({ uri }))).toContain(touched.text);
    await sdk.unsubscribeResource({ uri });
    seen.length = 0;
    await peer().call(target.name('touch_watched_resource'));
    await peer().call(target.name('test_tool_with_progress'));
    expect(updates()).toEqual([]);
  });
}

/** Every change that a server announces. */
export function describeChanges(stage: Stage): void {
  describeListChanges(stage);
  describeUpdates(stage);
}

/** All that a legacy client may do with a legacy server. */
export const LEGACY: readonly Act[] = [...ANY_ERA, describeMessages, describeChanges];
