import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Front, LEGACY_TARGETS, MODERN_TARGETS, startFront, type Target } from './front.ts';
import { interopProgram, PROGRAM_TIMEOUT_MS, runNode } from './run-program.ts';

const INSPECTOR = interopProgram('@modelcontextprotocol/inspector/clients/launcher/build/index.js');

let front: Front;
let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'gateward-inspector-'));
  front = await startFront();
});
afterAll(async () => {
  await front?.stop();
  await rm(home, { recursive: true, force: true });
});

async function inspect(target: Target, args: readonly string[]): Promise<Record<string, unknown>> {
  const url = front.at(`${target.path}/mcp`);
  const common = ['--transport', 'http', '--protocol-era', target.era, '--format', 'json', '-q'];
  const env = { HOME: home, MCP_CATALOG_PATH: join(home, 'mcp.json') };
  const { result } = JSON.parse(await runNode([INSPECTOR, '--cli', url, ...common, ...args], env));
  return result;
}

describe("the Inspector's command line, through the gateway", { timeout: PROGRAM_TIMEOUT_MS }, () => {
  it.each([...MODERN_TARGETS, ...LEGACY_TARGETS])('$era, $title: lists and calls', async (target) => {
    const echo = target.name('echo');
    const listed = await inspect(target, ['--method', 'tools/list']);
    expect(listed).toMatchObject({
      tools: expect.arrayContaining([expect.objectContaining({ name: echo })]),
    });
    const called = await inspect(target, [
      ...['--method', 'tools/call', '--tool-name', echo],
      ...['--tool-args-json', '{"message":"inspected"}'],
    ]);
    expect(called).toMatchObject({ structuredContent: { message: 'inspected' } });
  });
});
