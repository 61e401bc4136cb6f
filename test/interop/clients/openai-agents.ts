import { MCPServerStreamableHttp } from '@openai/agents';
import { runClient } from './script.ts';

// The MCP server class of the agents' library, as an agent uses it, without an agent and without a model.
await runClient(async ({ url, tool, args }) => {
  const server = new MCPServerStreamableHttp({ name: 'gateway', url });
  await server.connect();
  try {
    const tools = await server.listTools();
    return { tools: tools.map(({ name }) => name), result: await server.callTool(tool, args) };
  } finally {
    await server.close();
  }
});
