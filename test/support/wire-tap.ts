/** A listener between two sides of an MCP connection: passes everything on, and keeps what was said. */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { SseParser } from '../../src/wire/sse.ts';
import { portOf } from './http-upstream.ts';

type Json = Record<string, unknown>;

/** One HTTP exchange. The answer grows while it comes. */
export interface TappedExchange {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** What was posted: a message, a batch, or nothing that is JSON. */
  posted: unknown;
  status: number;
  answerHeaders: IncomingHttpHeaders;
  /** The messages of the answer so far. */
  readonly answered: Json[];
}

export interface WireTap {
  /** The origin to use in place of the target's. */
  readonly origin: string;
  readonly exchanges: readonly TappedExchange[];
  close(): Promise<void>;
}

/** Starts a tap before the origin of a URL. The target sees its own name as the host. */
export async function startWireTap(target: string): Promise<WireTap> {
  const { hostname, port, host } = new URL(target);
  const exchanges: TappedExchange[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((incoming, response) => {
    const exchange: TappedExchange = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: incoming.headers,
      posted: undefined,
      status: 0,
      answerHeaders: {},
      answered: [],
    };
    exchanges.push(exchange);
    const { method, path } = exchange;
    const onward = request({
      hostname,
      port,
      method,
      path,
      headers: { ...incoming.headers, host },
      agent: false,
    });
    onward.on('error', () => response.destroy());
    onward.on('response', (answer) => passBack(answer, response, exchange));
    response.on('close', () => onward.destroy());
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      onward.write(chunk);
    });
    incoming.on('end', () => {
      exchange.posted = parse(Buffer.concat(chunks).toString('utf8'));
      onward.end();
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${portOf(server)}`,
    exchanges,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function passBack(answer: IncomingMessage, response: ServerResponse, exchange: TappedExchange): void {
  exchange.status = answer.statusCode ?? 0;
  exchange.answerHeaders = answer.headers;
  response.writeHead(exchange.status, answer.headers);
  response.flushHeaders();
  const isStream = answer.headers['content-type']?.startsWith('text/event-stream') === true;
  const parser = new SseParser({ maxEventBytes: 10_000_000 });
  const chunks: Buffer[] = [];
  answer.on('data', (chunk: Buffer) => {
    response.write(chunk);
    if (!isStream) {
      chunks.push(chunk);
      return;
    }
    parser.push(chunk);
    for (let event = parser.next(); event !== undefined; event = parser.next()) {
      keep(exchange, parse(event.data?.toString('utf8') ?? ''));
    }
  });
  answer.on('end', () => {
    if (!isStream) keep(exchange, parse(Buffer.concat(chunks).toString('utf8')));
    response.end();
  });
  answer.on('error', () => response.destroy());
}

function keep({ answered }: TappedExchange, value: unknown): void {
  for (const one of [value].flat()) if (typeof one === 'object' && one !== null) answered.push(Object(one));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
