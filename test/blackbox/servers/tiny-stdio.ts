// A legacy server over stdio that starts in a few milliseconds, since it imports next to nothing: for tests that start
// many, or that kill one. `--log FILE` appends a line with its process id when it starts.
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

interface Message {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: { readonly name?: string; readonly arguments?: Record<string, unknown> };
}

const { values } = parseArgs({ options: { log: { type: 'string' } } });
if (values.log !== undefined) appendFileSync(values.log, `${process.pid}\n`);

const inputSchema = { type: 'object' };
const TOOLS = [
  { name: 'pid', description: 'Gives the process id', inputSchema },
  { name: 'echo', description: 'Gives its arguments back', inputSchema },
  { name: 'exit', description: 'Ends the process without an answer', inputSchema },
];

function answer({ method, params }: Message): unknown {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: 'tiny', version: '1.0.0' },
      };
    case 'ping':
      return {};
    case 'tools/list':
      return { tools: TOOLS };
    case 'tools/call':
      return call(params?.name, params?.arguments ?? {});
    default:
      return undefined;
  }
}

function call(name: string | undefined, args: Record<string, unknown>): unknown {
  if (name === 'exit') process.exit(3);
  const text = name === 'pid' ? String(process.pid) : JSON.stringify(args);
  return { content: [{ type: 'text', text }] };
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const message: Message = JSON.parse(line);
    if (message.id === undefined) return;
    const result = answer(message);
    const outcome =
      result === undefined ? { error: { code: -32_601, message: 'Method not found' } } : { result };
    process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id: message.id, ...outcome })}\n`);
  })
  .on('close', () => process.exit(0));
