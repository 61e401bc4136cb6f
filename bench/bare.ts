/**
 * The yardstick: a bare pass-through on node:http and undici `Pool.dispatch`. It parses the request, compares the
 * mirrored headers (Streamable HTTP 2026-07-28 §Server Validation), forwards, and relays the answer as it comes. It has
 * no rules, no sessions and no state, so what a gateway costs above it is what the gateway's own work costs.
 *
 * Usage: `node bench/bare.ts --upstream http://127.0.0.1:PORT [--port N]`. Prints `listening PORT` when it is up.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { parseArgs } from 'node:util';
import { type Dispatcher, Pool } from 'undici';

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    upstream: { type: 'string', default: 'http://127.0.0.1:9' },
    connections: { type: 'string', default: '0' },
  },
});

// No timers per request: the benchmark's peers are on loopback, and an idle stream must stay open.
const pool = new Pool(options.upstream, {
  connections: Number(options.connections) || null,
  pipelining: 1,
  headersTimeout: 0,
  bodyTimeout: 0,
  keepAliveTimeout: 600_000,
  keepAliveMaxTimeout: 600_000,
});

/** Answers up to this size are held until complete, so that head and body leave in one write. */
const holdBytes = 64 * 1024;

/** Headers that belong to one hop (RFC 9110 §7.6.1), and those that undici writes itself. */
const hopByHop = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'expect',
]);

interface Forwarded {
  readonly headers: string[];
  readonly method: string | undefined;
  readonly name: string | undefined;
}

function readHeaders(raw: readonly string[]): Forwarded {
  const headers: string[] = [];
  let method: string | undefined;
  let name: string | undefined;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const key = (raw[i] ?? '').toLowerCase();
    const value = raw[i + 1] ?? '';
    if (hopByHop.has(key)) continue;
    if (key === 'mcp-method') method = value;
    else if (key === 'mcp-name') name = value;
    headers.push(key, value);
  }
  return { headers, method, name };
}

/** Whether the mirrored headers, where sent, say what the body says. */
function agrees(forwarded: Forwarded, body: Buffer): boolean {
  const message = JSON.parse(body.toString());
  if (forwarded.method !== undefined && forwarded.method !== message.method) return false;
  return forwarded.name === undefined || forwarded.name === (message.params?.name ?? message.params?.uri);
}

function fail(res: ServerResponse, status: number, code: number): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  res.writeHead(status, { 'Content-Type': 'application/json' });
  res.end(`{"jsonrpc":"2.0","error":{"code":${code},"message":"Refused"}}`);
}

/** Relays one answer. Short answers of known length go out whole, everything else chunk by chunk. */
class Relay implements Dispatcher.DispatchHandler {
  readonly res: ServerResponse;
  controller: Dispatcher.DispatchController | undefined;
  status = 502;
  head: string[] = [];
  /** Bytes still to come before a held answer is complete; 0 when the answer is streamed. */
  missing = 0;
  held: Buffer | undefined;

  constructor(res: ServerResponse) {
    this.res = res;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.res.destroyed) controller.abort(new TypeError('client gone'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    const head: string[] = [];
    for (const key in headers) {
      if (key === 'connection' || key === 'keep-alive' || key === 'transfer-encoding') continue;
      const value = headers[key];
      if (typeof value === 'string') head.push(key, value);
      else if (value !== undefined) for (const item of value) head.push(key, item);
    }
    const length = Number(headers['content-length'] ?? 0);
    if (length > 0 && length <= holdBytes) {
      this.status = status;
      this.head = head;
      this.missing = length;
      return;
    }
    this.res.writeHead(status, head);
    this.res.flushHeaders();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.missing === 0) {
      if (!this.res.write(chunk)) {
        controller.pause();
        this.res.once('drain', () => controller.resume());
      }
      return;
    }
    this.held = this.held === undefined ? chunk : Buffer.concat([this.held, chunk]);
    this.missing -= chunk.length;
    if (this.missing > 0) return;
    this.res.writeHead(this.status, this.head);
    // As latin1 text, node:http joins head and body into one buffer and one system call.
    this.res.end(this.held.toString('latin1'), 'latin1');
  }

  onResponseEnd(): void {
    this.controller = undefined;
    if (!this.res.writableEnded) this.res.end();
  }

  onResponseError(): void {
    this.controller = undefined;
    fail(this.res, 502, -32603);
  }
}

function forward(req: IncomingMessage, res: ServerResponse, body: Buffer | null): void {
  const forwarded = readHeaders(req.rawHeaders);
  if (body !== null) {
    let fits = false;
    try {
      fits = agrees(forwarded, body);
    } catch {
      // Not JSON: refused below like any other mismatch.
    }
    if (!fits) {
      fail(res, 400, -32020);
      return;
    }
  }
  const relay = new Relay(res);
  res.on('close', () => relay.controller?.abort(new TypeError('client gone')));
  const method = req.method === 'POST' ? 'POST' : req.method === 'DELETE' ? 'DELETE' : 'GET';
  pool.dispatch({ path: req.url ?? '/', method, headers: forwarded.headers, body }, relay);
}

const server = createServer(
  { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 600_000 },
  (req, res) => {
    res.sendDate = false; // The upstream's date is relayed.
    if (req.method !== 'POST') {
      forward(req, res, null);
      return;
    }
    let first: Buffer | undefined;
    let rest: Buffer[] | undefined;
    req.on('data', (chunk: Buffer) => {
      if (first === undefined) first = chunk;
      else if (rest === undefined) rest = [first, chunk];
      else rest.push(chunk);
    });
    req.on('end', () =>
      forward(req, res, rest === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(rest)),
    );
  },
);
server.listen({ port: Number(options.port), host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address();
  console.log(`listening ${typeof address === 'object' ? address?.port : ''}`);
});
process.once('SIGTERM', () => process.exit(0));
