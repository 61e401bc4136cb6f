import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Front, LEGACY_TARGETS, MODERN_TARGETS, startFront, type Target } from './front.ts';
import { PROGRAM_TIMEOUT_MS, runClientScript } from './run-program.ts';

let front: Front;
beforeAll(async () => {
  front = await startFront();
});
afterAll(() => front?.stop());

const [ownModern, mergedModern] = MODERN_TARGETS;
const [ownLegacy, mergedLegacy] = LEGACY_TARGETS;

/** The libraries, and targets of the eras that each of them speaks. */
const PAIRS: readonly (readonly [client: string, target: Target | undefined])[] = [
  ['ai-sdk', ownModern],
  ['ai-sdk', mergedModern],
  ['ai-sdk', ownLegacy],
  ['openai-agents', ownModern],
  ['openai-agents', mergedModern],
  ['openai-agents', ownLegacy],
  ['langchain', ownLegacy],
  ['langchain', mergedLegacy],
];

describe('a client library, through the gateway', { timeout: PROGRAM_TIMEOUT_MS }, () => {
  const named = PAIRS.flatMap(([client, target]) =>
    target === undefined ? [] : [{ client, target, title: `${client}, ${target.era}, ${target.title}` }],
  );

  it.each(named)('$title: lists and calls', async ({ client, target }) => {
    const { tools, result } = await runClientScript(client, {
      url: front.at(`${target.path}/mcp`),
      tool: target.name('echo'),
      args: { message: `from ${client}` },
    });
    expect(tools).toEqual(expect.arrayContaining([target.name('echo'), target.name('slow')]));
    expect(JSON.stringify(result)).toContain(JSON.stringify(JSON.stringify({ message: `from ${client}` })));
  });

  it('ai-sdk: answers a question in the modern era', async () => {
    const { result, asked } = await runClientScript('ai-sdk', {
      url: front.at('/servers/modern/mcp'),
      tool: 'test_elicitation',
      args: { message: 'Who is there?' },
    });
    expect(asked).toEqual(['Who is there?']);
    expect(JSON.stringify(result)).toContain('action=accept');
  });
});
