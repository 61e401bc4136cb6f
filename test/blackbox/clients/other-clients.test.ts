import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Front, LEGACY_TARGETS, MODERN_TARGETS, startFront, type Target } from './front.ts';
import { interopProgram, runClientScript, runNode } from './run-program.ts';

const INSPECTOR = interopProgram('@modelcontextprotocol/inspector/clients/launcher/build/index.js');

let front: Front;
let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'gateward-clients-'));
  front = await startFront();
});
afterAll(async () => {
  await front?.stop();
  await rm(home, { recursive: true, force: true });
});

/** One client against one target. The era of the target is one that the client speaks. */
interface Pair {
  readonly client: string;
  readonly target: Target;
}

function pairs(clients: readonly string[], targets: readonly Target[]): Pair[] {
  return clients.flatMap((client) => targets.map((target) => ({ client, target })));
}

const label = ({ client, target }: Pair): string => `${client}, ${target.era}, ${target.title}`;
const byLabel = (list: readonly Pair[]): [string, Pair][] => list.map((pair) => [label(pair), pair]);

describe('a client library, through the gateway', () => {
  const both = pairs(['ai-sdk', 'openai-agents'], [...MODERN_TARGETS, ...LEGACY_TARGETS]);
  const legacyOnly = pairs(['langchain'], LEGACY_TARGETS);

  it.concurrent.each(byLabel([...both, ...legacyOnly]))('%s: lists and calls', async (_, pair) => {
    const { client, target } = pair;
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

describe("the Inspector's command line, through the gateway", () => {
  const inspect = async (target: Target, args: readonly string[]): Promise<Record<string, unknown>> => {
    const url = front.at(`${target.path}/mcp`);
    const common = ['--transport', 'http', '--protocol-era', target.era, '--format', 'json', '-q'];
    const env = { HOME: home, MCP_CATALOG_PATH: join(home, 'mcp.json') };
    const { result } = JSON.parse(await runNode([INSPECTOR, '--cli', url, ...common, ...args], env));
    return result;
  };

  it.each(byLabel(pairs(['inspector'], [...MODERN_TARGETS, ...LEGACY_TARGETS])))(
    '%s: lists and calls',
    async (_, { target }) => {
      const [listed, called] = await Promise.all([
        inspect(target, ['--method', 'tools/list']),
        inspect(target, [
          ...['--method', 'tools/call', '--tool-name', target.name('echo')],
          ...['--tool-args-json', '{"message":"inspected"}'],
        ]),
      ]);
      expect(listed).toMatchObject({
        tools: expect.arrayContaining([expect.objectContaining({ name: target.name('echo') })]),
      });
      expect(called).toMatchObject({ structuredContent: { message: 'inspected' } });
    },
  );
});
