import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StdioClientTransport as StdioV2 } from '@modelcontextprotocol/client/stdio';
import { StdioClientTransport as StdioV1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { familyOf, gatewardCommand, isRunning } from '../../support/gateway.ts';
import { type Front, LEGACY_TARGETS, MODERN_TARGETS, startFront, type Target } from './front.ts';
import { LEGACY } from './legacy-scenarios.ts';
import { openV1, openV2 } from './peer.ts';
import { interopProgram } from './run-program.ts';
import { ANY_ERA, describeScene, type Stage } from './scenarios.ts';

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

/** A client that only speaks stdio starts one of these. */
interface Launch {
  readonly command: string;
  readonly args: string[];
  readonly env: Record<string, string>;
  readonly stderr: 'ignore';
}

function launch(command: readonly [string, ...string[]]): Launch {
  const [program, ...args] = command;
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, MCP_REMOTE_CONFIG_DIR: home };
  return { command: program, args, env, stderr: 'ignore' };
}

const connect = (target: Target): Launch =>
  launch([...gatewardCommand(), 'connect', front.at(`${target.path}/mcp`)]);
const mcpRemote = (target: Target): Launch =>
  launch([process.execPath, interopProgram('mcp-remote/dist/proxy.js'), front.at(`${target.path}/mcp`)]);

function agreesOnModern({ peer }: Stage): void {
  it('agrees on 2026-07-28', () => {
    expect(peer().revision).toBe('2026-07-28');
  });
}

describe('over stdio, by gateward connect', () => {
  for (const target of LEGACY_TARGETS) {
    describeScene(
      {
        title: `the client of SDK v1, to a legacy server at ${target.title}`,
        target,
        open: () => openV1(new StdioV1(connect(target))),
      },
      LEGACY,
    );
  }
  for (const target of MODERN_TARGETS) {
    describeScene(
      {
        title: `the client of SDK v2, to a modern server at ${target.title}`,
        target,
        open: () => openV2(new StdioV2(connect(target)), 'auto'),
      },
      [agreesOnModern, ...ANY_ERA],
    );
  }

  it('ends when the client closes its input', async () => {
    const transport = new StdioV1(launch([...gatewardCommand(), 'connect', front.at('/mcp')]));
    const peer = await openV1(transport);
    const family = familyOf(transport.pid ?? undefined);
    await peer.sdk.close();
    await vi.waitFor(() => expect(family.filter(isRunning)).toEqual([]), 5000);
  });
});

describe('over stdio, by mcp-remote', () => {
  it.each(LEGACY_TARGETS.map((target): [string, Target] => [target.title, target]))(
    'lists, calls and answers at %s',
    async (_, target) => {
      const peer = await openV1(new StdioV1(mcpRemote(target)));
      try {
        const { tools } = await peer.sdk.listTools();
        expect(tools.map(({ name }) => name)).toContain(target.name('echo'));
        const echoed = await peer.call(target.name('echo'), { message: 'across the bridge' });
        expect(echoed.structured).toEqual({ message: 'across the bridge' });
        const asked = await peer.call(target.name('test_elicitation'), { message: 'Who is there?' });
        expect(asked.text).toContain('action=accept');
      } finally {
        await peer.sdk.close();
      }
    },
  );
});
