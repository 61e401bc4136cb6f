import { createMCPClient, ElicitationRequestSchema } from '@ai-sdk/mcp';
import { runClient } from './script.ts';

// A client with a protocol implementation of its own: it probes for the modern era and falls back to the legacy one.
await runClient(async ({ url, tool, args }) => {
  const asked: string[] = [];
  const client = await createMCPClient({
    transport: { type: 'http', url },
    capabilities: { elicitation: {} },
  });
  client.onElicitationRequest(ElicitationRequestSchema, ({ params }) => {
    asked.push(params.message);
    const [field = ''] = Object.keys(params.requestedSchema.properties ?? {});
    return { action: 'accept', content: { [field]: 'Ada' } };
  });
  try {
    const tools = await client.tools();
    const result = await tools[tool]?.execute(args, { toolCallId: '1', messages: [] });
    return { tools: Object.keys(tools), result, asked };
  } finally {
    await client.close();
  }
});
