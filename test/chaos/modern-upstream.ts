import { setTimeout as sleep } from 'node:timers/promises';
import { toNodeHandler } from '@modelcontextprotocol/node';
import type { InputRequiredResult, ServerContext } from '@modelcontextprotocol/server';
import {
  acceptedContent,
  createMcpHandler,
  createRequestStateCodec,
  fromJsonSchema,
  inputRequired,
  McpServer,
} from '@modelcontextprotocol/server';
import { listen } from '../fixtures/servers/shared/listen.ts';
import type { Ledger } from './ledger.ts';
import type { ChangingUpstream } from './legacy-upstream.ts';
import { STREAM_EVENTS, STREAM_PACE_MS, TOOLS, type ToolName } from './tools.ts';

interface State {
  readonly token: string;
  readonly answers: readonly string[];
}

type Codec = ReturnType<typeof createRequestStateCodec<State>>;
type Result = { content: { type: 'text'; text: string }[] } | InputRequiredResult;

/** A server of 2026-07-28 on the official SDK v2. */
export async function startModernUpstream(ledger: Ledger): Promise<ChangingUpstream> {
  const codec = createRequestStateCodec<State>({ key: crypto.getRandomValues(new Uint8Array(32)) });
  const handler = createMcpHandler(() => buildServer(ledger, codec), { legacy: 'reject' });
  const handleNode = toNodeHandler(handler);
  const listening = await listen(async (request, response) => {
    // The adapter's types leave no room for `exactOptionalPropertyTypes`.
    await handleNode(request as Parameters<typeof handleNode>[0], response);
  });
  return {
    url: listening.url,
    change: () => void handler.notify.toolsChanged(),
    async stop() {
      await handler.close();
      await listening.stop();
    },
  };
}

function buildServer(ledger: Ledger, codec: Codec): McpServer {
  const server = new McpServer(
    { name: 'chaos-modern', version: '1.0.0' },
    { capabilities: { tools: { listChanged: true } }, requestState: { verify: codec.verify } },
  );
  for (const { name, description, inputSchema } of TOOLS) {
    const config = { description, inputSchema: fromJsonSchema<{ token: string }>(inputSchema) };
    server.registerTool(name, config, async ({ token }, context) => {
      ledger.touch(token);
      const result = await run(name, { token, context, ledger, codec });
      ledger.touch(token);
      return result;
    });
  }
  return server;
}

interface Run {
  readonly token: string;
  readonly context: ServerContext;
  readonly ledger: Ledger;
  readonly codec: Codec;
}

async function run(tool: ToolName, { token, context, ledger, codec }: Run): Promise<Result> {
  const rounds = tool === 'book' ? 1 : tool === 'twice' ? 2 : 0;
  const state = context.mcpReq.requestState<State>();
  const answers = [...(state?.answers ?? [])];
  const given = context.mcpReq.inputResponses?.['seat'];
  if (given !== undefined) {
    const seat = acceptedContent(context.mcpReq.inputResponses, 'seat')?.['seat'];
    answers.push(seat === undefined ? 'refused' : `accept:${String(seat)}`);
  }
  if (answers.length < rounds) {
    const requestedSchema = { type: 'object' as const, properties: { seat: { type: 'string' as const } } };
    const message = `${token} ${answers.length + 1}`;
    return inputRequired({
      inputRequests: { seat: inputRequired.elicit({ message, requestedSchema }) },
      requestState: await codec.mint({ token, answers }),
    });
  }
  if (tool === 'stream') await progress(token, { context, ledger });
  if (context.mcpReq.signal.aborted) return { content: [] };
  ledger.execute(token);
  return { content: [{ type: 'text', text: [token, ...answers].join(' ') }] };
}

async function progress(token: string, { context, ledger }: Pick<Run, 'context' | 'ledger'>): Promise<void> {
  const progressToken = context.mcpReq._meta?.progressToken;
  for (let number = 1; number <= STREAM_EVENTS; number++) {
    await sleep(STREAM_PACE_MS);
    if (context.mcpReq.signal.aborted) return;
    ledger.touch(token);
    if (progressToken === undefined) continue;
    await context.mcpReq.notify({
      method: 'notifications/progress',
      params: { progressToken, progress: number, total: STREAM_EVENTS },
    });
  }
}
