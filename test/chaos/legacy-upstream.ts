import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CallToolRequestSchema,
  ElicitResultSchema,
  ListToolsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { createEventStore } from '../fixtures/servers/legacy/events.ts';
import type { Extra } from '../fixtures/servers/legacy/reverse-tools.ts';
import { type Listening, listen, refuse } from '../fixtures/servers/shared/listen.ts';
import type { Ledger } from './ledger.ts';
import { STREAM_EVENTS, STREAM_PACE_MS, TOOLS } from './tools.ts';

/** An upstream that can be told to announce a change of its tools. */
export interface ChangingUpstream extends Listening {
  change(): void;
}

/** A server of 2025-11-25 on the official SDK v1, with sessions and streams that can be resumed. */
export async function startLegacyUpstream(ledger: Ledger): Promise<ChangingUpstream> {
  const transports = new Map<string, StreamableHTTPServerTransport>();
  const servers = new Set<Server>();
  const listening = await listen(async (request, response) => {
    const id = request.headers['mcp-session-id'];
    if (id !== undefined) {
      const transport = transports.get(String(id));
      if (transport === undefined) refuse(response, 404, 'Session not found');
      else await transport.handleRequest(request, response);
      return;
    }
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      eventStore: createEventStore(),
      retryInterval: 200,
      onsessioninitialized: (made) => void transports.set(made, transport),
      onsessionclosed: (gone) => void transports.delete(gone),
    });
    const server = buildServer(ledger);
    servers.add(server);
    server.onclose = () => servers.delete(server);
    // The SDK's own types differ under `exactOptionalPropertyTypes`.
    await server.connect(transport as Transport);
    await transport.handleRequest(request, response);
  });
  return {
    ...listening,
    change() {
      for (const server of servers) void server.sendToolListChanged().catch(() => undefined);
    },
  };
}

function buildServer(ledger: Ledger): Server {
  const server = new Server(
    { name: 'chaos-legacy', version: '1.0.0' },
    { capabilities: { tools: { listChanged: true } } },
  );
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [...TOOLS] }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const token = String(params.arguments?.['token']);
    ledger.touch(token);
    const workMs = params.arguments?.['workMs'];
    const events = workMs === undefined ? STREAM_EVENTS : Math.ceil(Number(workMs) / STREAM_PACE_MS);
    const text = await run(params.name, { token, extra, ledger, events });
    ledger.touch(token);
    return { content: [{ type: 'text', text }] };
  });
  return server;
}

interface Run {
  readonly token: string;
  readonly extra: Extra;
  readonly ledger: Ledger;
  /** Progress notifications of one call of `stream`. */
  readonly events: number;
}

async function run(tool: string, { token, extra, ledger, events }: Run): Promise<string> {
  const answers: string[] = [];
  const rounds = tool === 'book' ? 1 : tool === 'twice' ? 2 : 0;
  for (let round = 1; round <= rounds; round++) answers.push(await ask(`${token} ${round}`, extra));
  if (tool === 'stream') await progress({ token, extra, ledger, events });
  ledger.execute(token);
  return [token, ...answers].join(' ');
}

async function ask(message: string, extra: Extra): Promise<string> {
  const requestedSchema = { type: 'object' as const, properties: { seat: { type: 'string' as const } } };
  const params = { message, requestedSchema };
  const asked = await extra.sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema, {
    timeout: 120_000,
  });
  return `${asked.action}:${String(asked.content?.['seat'])}`;
}

async function progress({ token, extra, ledger, events }: Run): Promise<void> {
  const progressToken = extra._meta?.progressToken;
  for (let number = 1; number <= events; number++) {
    await sleep(STREAM_PACE_MS);
    ledger.touch(token);
    if (progressToken === undefined) continue;
    await extra.sendNotification({
      method: 'notifications/progress',
      params: { progressToken, progress: number, total: events },
    });
  }
}
