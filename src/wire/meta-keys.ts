/** The keys that MCP 2026-07-28 gives a meaning in `_meta` (basic §_meta). */
export const META_KEYS = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  logLevel: 'io.modelcontextprotocol/logLevel',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
} as const;

/** The id of the tasks extension, in capabilities of both eras. */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';
