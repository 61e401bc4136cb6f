import { MultiServerMCPClient } from '@langchain/mcp-adapters';
import { runClient } from './script.ts';

await runClient(async ({ url, tool, args }) => {
  const client = new MultiServerMCPClient({
    mcpServers: { gateway: { transport: 'http', url, automaticSSEFallback: false } },
  });
  try {
    const tools = await client.getTools();
    const result = await tools.find(({ name }) => name === tool)?.invoke(args);
    return { tools: tools.map(({ name }) => name), result };
  } finally {
    await client.close();
  }
});
