import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  familyOf,
  gatewardCommand,
  isRunning,
  type RunningGateway,
  startGateway,
} from '../support/gateway.ts';

/** For what takes a moment, on a slow machine too. */
const WITHIN = { timeout: 20_000 };

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDER = join(ROOT, 'examples', 'quickstart');
const env = { PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}` };

/** The quick start as it is, but on a free port and with its data elsewhere. */
function quickStart(): string {
  return readFileSync(join(FOLDER, 'gateward.yaml'), 'utf8')
    .replace('port: 3232', 'port: 0')
    .replace('./.data', './data')
    .replace('folders: [../..]', `folders: ["${ROOT}"]`)
    .replaceAll('cwd: ../..', `cwd: ${ROOT}`)
    .replace('cwd: .\n', `cwd: ${FOLDER}\n`)
    .replace(/env: \{ MEMORY_FILE_PATH: .* \}/, 'env: {}');
}

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startGateway({ configText: quickStart(), env });
});
afterAll(() => gateway.stop());

type Mode = 'auto' | undefined;

async function connected<T>(
  transport: StreamableHTTPClientTransport | StdioClientTransport,
  mode: Mode,
  run: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client(
    { name: 'quickstart-test', version: '1' },
    {
      capabilities: { elicitation: {} },
      ...(mode !== undefined && { versionNegotiation: { mode } }),
    },
  );
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { seats: 4 } }));
  await client.connect(transport);
  try {
    return await run(client);
  } finally {
    await client.close();
  }
}

const http = (path: string) => new StreamableHTTPClientTransport(new URL(`${gateway.url}${path}`));

describe('the quick start', () => {
  it('brings up four servers of both eras', () => {
    const upstreams = gateway.events.filter(({ event }) => event === 'upstream');
    expect(upstreams.map(({ name, state, era }) => [name, state, era]).toSorted()).toEqual([
      ['demo', 'up', 'modern'],
      ['everything', 'up', 'legacy'],
      ['files', 'up', 'legacy'],
      ['memory', 'up', 'legacy'],
    ]);
  });

  it.each([
    ['legacy', undefined],
    ['modern', 'auto'],
  ] as const)('serves all of them at /mcp to a %s client', (_, mode) =>
    connected(http('/mcp'), mode, async (client) => {
      const names = (await client.listTools()).tools.map(({ name }) => name);
      expect(names).toEqual(
        expect.arrayContaining([
          'everything__echo',
          'files__list_directory',
          'memory__read_graph',
          'demo__roll_dice',
        ]),
      );
      const echo = await client.callTool({ name: 'everything__echo', arguments: { message: 'hello' } });
      expect(echo.content).toMatchObject([{ text: 'Echo: hello' }]);
      const dice = await client.callTool({ name: 'demo__roll_dice', arguments: { sides: 2 } });
      expect(dice.content).toMatchObject([{ text: expect.stringMatching(/^[12]$/) }]);
      const files = await client.callTool({
        name: 'files__read_text_file',
        arguments: { path: join(FOLDER, 'files', 'welcome.txt') },
      });
      expect(JSON.stringify(files.content)).toContain('quick start');
    }),
  );

  it('shows a slow tool with progress, and a tool that asks back', () =>
    connected(http('/servers/demo/mcp'), 'auto', async (client) => {
      const seen: (string | undefined)[] = [];
      const down = await client.callTool(
        { name: 'count_down', arguments: { from: 2 } },
        { onprogress: ({ message }) => void seen.push(message) },
      );
      expect(down.content).toMatchObject([{ text: 'Lift-off!' }]);
      expect(seen).toContain('1 to go');
      const booked = await client.callTool({ name: 'book_table', arguments: { day: 'Friday' } });
      expect(booked.content).toMatchObject([{ text: 'Booked for Friday: 4 seats.' }]);
    }));

  it.each([
    ['legacy', undefined],
    ['modern', 'auto'],
  ] as const)('serves a %s client that only speaks stdio', (_, mode) => {
    const [command, ...args] = gatewardCommand();
    const transport = new StdioClientTransport({ command, args: [...args, 'connect', gateway.url] });
    return connected(transport, mode, async (client) => {
      const dice = await client.callTool({ name: 'demo__roll_dice', arguments: {} });
      expect(dice.content).toMatchObject([{ text: expect.stringMatching(/^[1-6]$/) }]);
    });
  });

  it('announces what is public', async () => {
    const catalog = await fetch(`${gateway.url}/.well-known/ai-catalog.json`);
    expect(await catalog.json()).toMatchObject({ entries: [{}, {}] });
    expect((await fetch(`${gateway.url}/mcp/server-card`)).status).toBe(200);
  });

  it('leaves no process behind when it is ended at once', async () => {
    const hasty = await startGateway({ configText: quickStart(), env });
    const family = familyOf(hasty.pid);
    if (existsSync('/proc/self/stat')) expect(family.length).toBeGreaterThan(3);
    hasty.signal('SIGTERM');
    hasty.signal('SIGTERM');
    await hasty.ended;
    await vi.waitFor(() => expect(family.filter(isRunning)).toEqual([]), WITHIN);
    await hasty.stop();
  });
});
