const inputSchema = {
  type: 'object' as const,
  properties: { token: { type: 'string' as const } },
  required: ['token'],
};

/** The tools of both upstreams. None of them may run twice. */
export const TOOLS = [
  { name: 'fast', description: 'Answers at once', inputSchema },
  { name: 'book', description: 'Asks the user for a seat', inputSchema },
  { name: 'twice', description: 'Asks the user for a seat, and then for another', inputSchema },
  { name: 'stream', description: 'Tells of its progress for a while', inputSchema },
] as const;

export type ToolName = (typeof TOOLS)[number]['name'];

/** Progress notifications of one call of `stream`, and the time between them. */
export const STREAM_EVENTS = 10;
export const STREAM_PACE_MS = 120;

/** Whether a tool asks the user. */
export const isInteractive = (tool: ToolName): boolean => tool === 'book' || tool === 'twice';
