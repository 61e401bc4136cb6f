/**
 * An upstream of both eras whose one tool asks the user and then answers at once, so that what an interactive call takes
 * is the wire's time. Prints `listening PORT`. `/modern` is 2026-07-28, `/legacy` is 2025-11-25.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

type Json = Record<string, unknown>;

const QUESTION = {
  message: 'Which seat?',
  requestedSchema: { type: 'object', properties: { seat: { type: 'string' } } },
};
const TOOL = { name: 'ask', description: 'Asks', inputSchema: { type: 'object' } };
const CAPABILITIES = { tools: {} };
const INFO = { name: 'asking', version: '1.0.0' };
/** Questions of legacy calls: what goes on with the answer, by the id of the question. */
const waiting = new Map<string, (answer: unknown) => void>();

function reply(response: ServerResponse, body: Json, headers: Record<string, string> = {}): void {
  const text = JSON.stringify({ jsonrpc: '2.0', ...body });
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(text);
}

function serveModern({ id, method, params }: Json, response: ServerResponse): void {
  const { inputResponses } = Object(params);
  const hints = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
  if (method === 'server/discover') {
    const meta = { 'io.modelcontextprotocol/serverInfo': INFO };
    const result = { ...hints, supportedVersions: ['2026-07-28'], capabilities: CAPABILITIES, _meta: meta };
    reply(response, { id, result });
  } else if (method === 'tools/list') reply(response, { id, result: { ...hints, tools: [TOOL] } });
  else if (method !== 'tools/call')
    reply(response, { id, error: { code: -32601, message: 'no such method' } });
  else if (inputResponses === undefined) {
    const request = { method: 'elicitation/create', params: { mode: 'form', ...QUESTION } };
    const result = { resultType: 'input_required', inputRequests: { seat: request }, requestState: 'state' };
    reply(response, { id, result });
  } else {
    const text = JSON.stringify(inputResponses);
    reply(response, { id, result: { resultType: 'complete', content: [{ type: 'text', text }] } });
  }
}

function serveLegacy(message: Json, response: ServerResponse): void {
  const { id, method, params } = message;
  if (method === undefined) {
    waiting.get(String(id))?.(message['result']);
    waiting.delete(String(id));
    response.writeHead(202).end();
  } else if (id === undefined) response.writeHead(202).end();
  else if (method === 'initialize') {
    const { protocolVersion } = Object(params);
    const result = { protocolVersion, capabilities: CAPABILITIES, serverInfo: INFO };
    reply(response, { id, result }, { 'mcp-session-id': randomUUID() });
  } else if (method === 'tools/list') reply(response, { id, result: { tools: [TOOL] } });
  else if (method === 'tools/call') askOnStream(id, response);
  else reply(response, { id, error: { code: -32601, message: 'no such method' } });
}

function askOnStream(id: unknown, response: ServerResponse): void {
  const stream = randomUUID();
  let number = 0;
  const send = (message: Json): void => {
    response.write(`id: ${stream}-${++number}\ndata: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`);
  };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  waiting.set(stream, (answer) => {
    send({ id, result: { content: [{ type: 'text', text: JSON.stringify(answer) }] } });
    response.end();
  });
  response.on('close', () => waiting.delete(stream));
  send({ id: stream, method: 'elicitation/create', params: QUESTION });
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST') {
    response.writeHead(request.method === 'DELETE' ? 200 : 405).end();
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const message: Json = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  if (request.url === '/modern') serveModern(message, response);
  else if (message['method'] === 'server/discover') response.writeHead(400).end();
  else serveLegacy(message, response);
}

const server = createServer((request, response) => void serve(request, response));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(`listening ${typeof address === 'object' && address !== null ? address.port : 0}`);
});
process.stdin.on('end', () => process.exit()).resume();
