import { setTimeout as sleep } from 'node:timers/promises';
import {
  acceptedContent,
  type CallToolResult,
  inputRequired,
  McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

// A small MCP server on the official SDK, for the quick start: it speaks 2026-07-28 on stdio.

const text = (words: string): CallToolResult => ({ content: [{ type: 'text', text: words }] });

async function countDown({ from }: { from: number }, { mcpReq }: ServerContext): Promise<CallToolResult> {
  const progressToken = mcpReq._meta?.progressToken;
  for (let step = 1; step <= from; step++) {
    await sleep(1000, undefined, { signal: mcpReq.signal });
    if (progressToken === undefined) continue;
    const params = { progressToken, progress: step, total: from, message: `${from - step} to go` };
    await mcpReq.notify({ method: 'notifications/progress', params });
  }
  return text('Lift-off!');
}

const seats = {
  type: 'object' as const,
  properties: { seats: { type: 'integer' as const, minimum: 1, maximum: 12, title: 'How many seats?' } },
  required: ['seats'],
};

function buildServer(): McpServer {
  const server = new McpServer(
    { name: 'gateward-demo', version: '1.0.0' },
    {
      instructions: 'Tools to try a gateway with: one that is slow, one that asks back, one that is neither.',
    },
  );
  server.registerTool(
    'count_down',
    {
      description: 'Counts down one number a second and reports progress',
      inputSchema: z.object({ from: z.number().int().min(1).max(60).default(5) }),
    },
    countDown,
  );
  server.registerTool(
    'book_table',
    {
      description: 'Books a table, and asks you for how many seats',
      inputSchema: z.object({ day: z.string().describe('For example: Friday') }),
    },
    ({ day }, { mcpReq }) => {
      if (mcpReq.inputResponses?.['seats'] === undefined) {
        const message = `A table for ${day}: for how many?`;
        return inputRequired({
          inputRequests: { seats: inputRequired.elicit({ message, requestedSchema: seats }) },
        });
      }
      const answer = acceptedContent(mcpReq.inputResponses, 'seats');
      return text(
        answer === undefined ? 'Nothing was booked.' : `Booked for ${day}: ${String(answer['seats'])} seats.`,
      );
    },
  );
  server.registerTool(
    'roll_dice',
    {
      description: 'Rolls a die',
      inputSchema: z.object({ sides: z.number().int().min(2).max(1000).default(6) }),
      annotations: { readOnlyHint: true },
    },
    ({ sides }) => text(String(1 + Math.floor(Math.random() * sides))),
  );
  return server;
}

const handle = serveStdio(buildServer, { legacy: 'reject' });
const end = (): void => void handle.close().finally(() => process.exit(0));
process.stdin.once('end', end);
process.once('SIGTERM', end);
process.once('SIGINT', end);
