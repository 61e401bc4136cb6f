import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Target } from './front.ts';
import type { Peer } from './peer.ts';

/** One client in front of one target. */
export interface Scene {
  readonly title: string;
  readonly target: Target;
  open(): Promise<Peer>;
}

/** What the tests of one scene work with. */
export interface Stage {
  readonly target: Target;
  peer(): Peer;
  /** How often the fixture executed something, by its own account (see its tool `read_counts`). */
  count(name: string): Promise<number>;
}

/** Some tests on a stage. */
export type Act = (stage: Stage) => void;

/** Connects one client, and runs the tests of the acts with it. */
export function describeScene(scene: Scene, acts: readonly Act[]): void {
  describe(scene.title, () => {
    let open: Peer | undefined;
    const stage: Stage = {
      target: scene.target,
      peer: () => {
        if (open === undefined) throw new Error('the client is not connected');
        return open;
      },
      async count(name) {
        const { structured } = await stage.peer().call(scene.target.name('read_counts'));
        return (structured as Record<string, number>)[name] ?? 0;
      },
    };
    beforeAll(async () => {
      open = await scene.open();
    });
    afterAll(() => open?.sdk.close());
    for (const act of acts) act(stage);
  });
}

/** What a server offers: tools, prompts, resources, templates, completion. */
export function describeOffers({ target, peer, count }: Stage): void {
  it('lists the tools, and calls one with its structured result', async () => {
    const { tools } = await peer().sdk.listTools();
    expect(tools.map(({ name }) => name)).toEqual(
      expect.arrayContaining([target.name('echo'), target.name('slow')]),
    );
    const before = await count('echo');
    const result = await peer().call(target.name('echo'), { message: 'Grüße', number: 1.5 });
    expect(result.structured).toEqual({ message: 'Grüße', number: 1.5 });
    expect(await count('echo')).toBe(before + 1);
  });

  it("hands on a tool's own error as a result, and an unknown tool as an error", async () => {
    const failed = await peer().call(target.name('test_error_handling'));
    expect(failed).toMatchObject({ isError: true, text: expect.stringContaining('intentionally') });
    await expect(peer().call(target.name('no_such_tool'))).rejects.toMatchObject({ code: -32602 });
  });

  it('lists the prompts, and gets one with its arguments', async () => {
    const { prompts } = await peer().sdk.listPrompts();
    const name = target.name('test_prompt_with_arguments');
    expect(prompts.map((prompt) => prompt.name)).toContain(name);
    const { messages } = await peer().sdk.getPrompt({ name, arguments: { arg1: 'one', arg2: 'two' } });
    expect(JSON.stringify(messages)).toContain("arg1='one', arg2='two'");
  });

  it('lists the resources and the templates, and reads one of each under its own URI', async () => {
    const { sdk } = peer();
    const { resources } = await sdk.listResources();
    const uri = target.uri('test://static-text');
    expect(resources.map((resource) => resource.uri)).toContain(uri);
    expect(await sdk.readResource({ uri })).toMatchObject({ contents: [{ uri, mimeType: 'text/plain' }] });
    const { resourceTemplates } = await sdk.listResourceTemplates();
    const template = target.uri('test://template/{id}/data');
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toContain(template);
    const fromTemplate = target.uri('test://template/42/data');
    const { contents } = await sdk.readResource({ uri: fromTemplate });
    expect(contents).toMatchObject([{ uri: fromTemplate, text: expect.stringContaining('"id":"42"') }]);
  });

  it('completes an argument of a prompt and a variable of a template', async () => {
    const { sdk } = peer();
    const name = target.name('test_prompt_with_arguments');
    const ofPrompt = await sdk.complete({
      ref: { type: 'ref/prompt', name },
      argument: { name: 'arg1', value: 'par' },
    });
    expect(ofPrompt.completion.values).toEqual(['paris', 'park', 'party']);
    const uri = target.uri('test://template/{id}/data');
    const ofTemplate = await sdk.complete({
      ref: { type: 'ref/resource', uri },
      argument: { name: 'id', value: 'te' },
    });
    expect(ofTemplate.completion.values).toEqual(['test']);
  });
}

/** What a server asks of the client while a call runs. */
export function describeQuestions({ target, peer }: Stage): void {
  it.each(['accept', 'decline', 'cancel'] as const)('takes "%s" to the tool that asks', async (action) => {
    const { answers } = peer();
    const content = action === 'accept' ? { content: { response: 'Ada' } } : {};
    peer().answers = { ...answers, elicit: () => ({ action, ...content }) };
    try {
      const { text } = await peer().call(target.name('test_elicitation'), { message: 'Who is there?' });
      expect(text).toContain(`action=${action}`);
      expect(text).toContain(action === 'accept' ? '{"response":"Ada"}' : 'content={}');
    } finally {
      peer().answers = answers;
    }
  });

  it('shows the user the whole form', async () => {
    const { answers } = peer();
    const forms: Record<string, unknown>[] = [];
    peer().answers = {
      ...answers,
      elicit: (params) => {
        forms.push(params);
        return { action: 'decline' };
      },
    };
    try {
      await peer().call(target.name('test_elicitation'), { message: 'Who is there?' });
    } finally {
      peer().answers = answers;
    }
    expect(forms).toMatchObject([
      {
        message: 'Who is there?',
        requestedSchema: { type: 'object', properties: { response: { type: 'string' } } },
      },
    ]);
  });

  it('takes the consent to visit a page', async () => {
    const { text } = await peer().call(target.name('ask_url'));
    expect(text).toBe('URL elicitation: action=accept');
  });

  it('asks the model of the client', async () => {
    const { text } = await peer().call(target.name('test_sampling'), { prompt: 'Hi' });
    expect(text).toBe('LLM response: Hello');
  });

  it('asks for the roots of the client', async () => {
    const { text } = await peer().call(target.name('test_input_required_result_list_roots'));
    expect(text).toContain('1 root(s)');
    expect(text).toContain('file:///work/project');
  });

  it('asks for three kinds of input at once', async () => {
    peer().asked.length = 0;
    const { text } = await peer().call(target.name('test_input_required_result_multiple_inputs'));
    expect(text).toBe('Hello Ada, 1 root(s) visible');
    expect(peer().asked.toSorted()).toEqual(['elicitation/create', 'roots/list', 'sampling/createMessage']);
  });

  it('asks in several rounds', async () => {
    const { text } = await peer().call(target.name('ask_rounds'), { rounds: 3 });
    expect(text).toBe('Answers: Ada, Ada, Ada');
  });

  it('keeps apart calls that ask at the same time', async () => {
    const { answers } = peer();
    peer().answers = {
      ...answers,
      elicit: ({ message }) => ({ action: 'accept', content: { response: `to ${String(message)}` } }),
    };
    try {
      const messages = ['one', 'two', 'three', 'four'];
      const results = await Promise.all(
        messages.map((message) => peer().call(target.name('test_elicitation'), { message })),
      );
      messages.forEach((message, index) => {
        expect(results[index]?.text).toContain(`{"response":"to ${message}"}`);
      });
    } finally {
      peer().answers = answers;
    }
  });
}

/** What happens while a call runs. */
export function describeRunningCalls({ target, peer, count }: Stage): void {
  it('reports the progress of a call, in order and before its result', async () => {
    const { arrived } = peer();
    const told: number[] = [];
    arrived.length = 0;
    await peer().call(
      target.name('test_tool_with_progress'),
      {},
      { onprogress: ({ progress }) => told.push(progress) },
    );
    const steps = arrived.filter(({ method }) => method === 'notifications/progress');
    expect(steps.map(({ params }) => params['progress'])).toEqual([0, 50, 100]);
    // The SDKs drop a step that comes in one read with the result.
    expect(told.slice(0, 2)).toEqual([0, 50]);
  });

  it('cancels the call of the upstream when the client does', async () => {
    const cancelled = await count('cancelled:slow');
    const started = await count('slow');
    const controller = new AbortController();
    const call = peer().call(target.name('slow'), { ms: 30_000 }, { signal: controller.signal });
    const failed = expect(call).rejects.toThrow();
    await vi.waitFor(async () => expect(await count('slow')).toBe(started + 1), 5000);
    controller.abort('enough');
    await failed;
    await vi.waitFor(async () => expect(await count('cancelled:slow')).toBe(cancelled + 1), 5000);
  });
}

/** What a user of any client may do with a server, whatever the era. */
export const ANY_ERA: readonly Act[] = [describeOffers, describeQuestions, describeRunningCalls];
