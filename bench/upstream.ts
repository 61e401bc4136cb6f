/**
 * The upstream of the benchmark: an MCP server on plain node:http that does as little as a correct server can.
 *
 * The path decides the form: a path with `legacy` in it speaks 2025-11-25 with sessions, every other one speaks
 * 2026-07-28. `/servers/nCOUNT/mcp` offers COUNT tools. Prints `listening PORT` when it is up.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { parseArgs } from 'node:util';
import { legacyVersion, modernVersion } from './requests.ts';

interface Message {
  readonly id?: string | number;
  readonly method: string;
  readonly params?: { readonly name?: string; readonly _meta?: { readonly progressToken?: string | number } };
}

interface Exchange {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly message: Message;
  readonly res: ServerResponse;
}

const { values: options } = parseArgs({ options: { port: { type: 'string', default: '0' } } });

const reply = 'The quick brown fox jumps over the lazy dog. '.repeat(5);
const info = '"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"bench-upstream","version":"1.0.0"}}';
const hints = '"ttlMs":300000,"cacheScope":"public"';
const content = `"content":[{"type":"text","text":"${reply}"}]`;

const modernResult = `{${content},"resultType":"complete",${info}}`;
const legacyResult = `{${content}}`;
const discoverResult = `{"supportedVersions":["${modernVersion}"],"capabilities":{"tools":{"listChanged":true}},"resultType":"complete",${hints},${info}}`;
const initializeResult = `{"protocolVersion":"${legacyVersion}","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"bench-upstream","version":"1.0.0"}}`;
const acknowledgedMethod = 'notifications/subscriptions/acknowledged';

const jsonHead = { 'Content-Type': 'application/json' };
const streamHead = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
};

const sessions = new Set<string>();
const toolLists = new Map<string, string>();

function describeTool(name: string): object {
  const properties = {
    text: { type: 'string', description: 'Text to answer with.' },
    count: { type: 'integer' },
  };
  return {
    name,
    description: `Answers with a fixed text (${name}).`,
    inputSchema: { type: 'object', properties, required: ['text'] },
  };
}

/** The JSON array of the tools that `path` offers: ten, or as many as the path asks for. */
function listTools(path: string): string {
  const known = toolLists.get(path);
  if (known !== undefined) return known;
  const count = Number(/\/n(\d+)\//.exec(path)?.[1] ?? 10);
  const names = [
    'echo',
    'stream',
    'hold',
    ...Array.from({ length: Math.max(0, count - 3) }, (_, i) => `tool${i}`),
  ];
  const list = JSON.stringify(names.slice(0, count).map(describeTool));
  if (toolLists.size < 1000) toolLists.set(path, list);
  return list;
}

function send(res: ServerResponse, status: number, body: string): void {
  res.writeHead(status, { ...jsonHead, 'Content-Length': Buffer.byteLength(body) });
  res.end(body);
}

function sendResult({ res, message }: Exchange, result: string): void {
  send(res, 200, `{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":${result}}`);
}

function refuse(
  res: ServerResponse,
  status: number,
  error: { id?: Message['id']; code: number; message: string; data?: object },
): void {
  const { id, ...rest } = error;
  send(res, status, JSON.stringify({ jsonrpc: '2.0', ...(id === undefined ? {} : { id }), error: rest }));
}

/** Three progress notifications, each its own write, then the response. */
function streamResult({ res, message }: Exchange, result: string): void {
  res.writeHead(200, streamHead);
  const token = JSON.stringify(message.params?._meta?.progressToken ?? null);
  let step = 0;
  const next = (): void => {
    if (res.destroyed) return;
    step += 1;
    if (step > 3) {
      res.end(
        `event: message\ndata: {"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":${result}}\n\n`,
      );
      return;
    }
    const params = `{"progressToken":${token},"progress":${step},"total":3}`;
    res.write(
      `event: message\ndata: {"jsonrpc":"2.0","method":"notifications/progress","params":${params}}\n\n`,
    );
    setImmediate(next);
  };
  next();
}

function listen({ res, message }: Exchange): void {
  const params = {
    _meta: { 'io.modelcontextprotocol/subscriptionId': message.id },
    notifications: { toolsListChanged: true },
  };
  res.writeHead(200, streamHead);
  res.write(
    `event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', method: acknowledgedMethod, params })}\n\n`,
  );
}

/** A path with `held` in it never answers a call. */
function answerCall(exchange: Exchange, result: string): void {
  if (exchange.path.includes('held')) return;
  const name = exchange.message.params?.name ?? '';
  if (name.endsWith('stream')) streamResult(exchange, result);
  else sendResult(exchange, result);
}

function answerModern(exchange: Exchange): void {
  const { message, headers, res, path } = exchange;
  const { id, method, params } = message;
  if (headers['mcp-protocol-version'] !== modernVersion) {
    const data = { supported: [modernVersion], requested: String(headers['mcp-protocol-version'] ?? '') };
    refuse(res, 400, { id, code: -32022, message: 'Unsupported protocol version', data });
  } else if (
    headers['mcp-method'] !== method ||
    (method === 'tools/call' && headers['mcp-name'] !== params?.name)
  ) {
    refuse(res, 400, { id, code: -32020, message: 'Header mismatch' });
  } else if (method === 'tools/call') answerCall(exchange, modernResult);
  else if (method === 'tools/list')
    sendResult(exchange, `{"tools":${listTools(path)},"resultType":"complete",${hints},${info}}`);
  else if (method === 'server/discover') sendResult(exchange, discoverResult);
  else if (method === 'subscriptions/listen') listen(exchange);
  else refuse(res, 404, { id, code: -32601, message: 'Method not found' });
}

function openSession({ res, message }: Exchange): void {
  const session = randomUUID();
  sessions.add(session);
  res.setHeader('Mcp-Session-Id', session);
  send(res, 200, `{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":${initializeResult}}`);
}

/** Whether the request names a live session; answers the request itself when it does not. */
function hasSession(headers: IncomingMessage['headers'], res: ServerResponse): boolean {
  const session = headers['mcp-session-id'];
  if (typeof session === 'string' && sessions.has(session)) return true;
  if (session === undefined)
    refuse(res, 400, { code: -32000, message: 'Bad Request: Mcp-Session-Id header is required' });
  else refuse(res, 404, { code: -32001, message: 'Session not found' });
  return false;
}

function answerLegacy(exchange: Exchange): void {
  const { message, headers, res, path } = exchange;
  const { id, method } = message;
  if (method === 'initialize') {
    openSession(exchange);
    return;
  }
  if (!hasSession(headers, res)) return;
  if (id === undefined) res.writeHead(202).end();
  else if (method === 'tools/call') answerCall(exchange, legacyResult);
  else if (method === 'tools/list') sendResult(exchange, `{"tools":${listTools(path)}}`);
  else if (method === 'ping') sendResult(exchange, '{}');
  else refuse(res, 200, { id, code: -32601, message: 'Method not found' });
}

function answerPost(req: IncomingMessage, res: ServerResponse, body: Buffer): void {
  const path = req.url ?? '/';
  let message: Message;
  try {
    message = JSON.parse(body.toString());
  } catch {
    refuse(res, 400, { code: -32700, message: 'Parse error' });
    return;
  }
  const exchange = { path, headers: req.headers, message, res };
  if (path.includes('legacy')) answerLegacy(exchange);
  else answerModern(exchange);
}

/** GET and DELETE: only the legacy form has them. */
function answerOther(req: IncomingMessage, res: ServerResponse): void {
  if (!(req.url ?? '/').includes('legacy')) {
    res.writeHead(405, { Allow: 'POST' }).end();
    return;
  }
  if (!hasSession(req.headers, res)) return;
  if (req.method === 'GET') {
    res.writeHead(200, streamHead);
    res.flushHeaders();
    return;
  }
  sessions.delete(String(req.headers['mcp-session-id']));
  res.writeHead(200).end();
}

const server = createServer(
  { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 600_000 },
  (req, res) => {
    if (req.method !== 'POST') {
      answerOther(req, res);
      return;
    }
    const length = Number(req.headers['content-length']);
    const chunks: Buffer[] = [];
    let size = 0;
    req.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      // The answer may start with the last byte; waiting for 'end' costs a turn of the loop.
      if (size === length) answerPost(req, res, chunks.length === 1 ? chunk : Buffer.concat(chunks));
    });
    req.on('end', () => {
      if (Number.isNaN(length)) answerPost(req, res, Buffer.concat(chunks));
    });
  },
);
server.listen({ port: Number(options.port), host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address();
  console.log(`listening ${typeof address === 'object' ? address?.port : ''}`);
});
process.once('SIGTERM', () => process.exit(0));
