import { createServer, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createEventLog, type EventLog } from '../../session/event-log.ts';
import { Ticker } from '../ticker.ts';
import { LegacyStream } from './legacy-stream.ts';
import { SseConnection } from './sse-connection.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A response to a client that reads only what it is told to. */
async function openResponse(): Promise<{ response: ServerResponse; socket: Socket }> {
  const came = Promise.withResolvers<ServerResponse>();
  const server = createServer((_, response) => came.resolve(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const socket = connect(port, '127.0.0.1');
  socket.pause();
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  ends.push(() => {
    socket.destroy();
    server.close();
  });
  return { response: await came.promise, socket };
}

async function openStream(log: EventLog, maxQueuedBytes = 100_000) {
  const { response, socket } = await openResponse();
  const ticker = new Ticker({ intervalMs: 1_000_000, clock: () => 0 });
  ends.push(() => ticker.stop());
  const connection = new SseConnection(response, { ticker, maxQueuedBytes });
  return { stream: new LegacyStream('s', log, { connection, prime: false }), connection, response, socket };
}

const newLog = () => createEventLog({ maxBytes: 100_000_000, maxAgeMs: 60_000, now: () => 0 });

describe('LegacyStream', () => {
  it('cuts off a client that does not read, and keeps what it missed', async () => {
    const log = newLog();
    const { stream, response } = await openStream(log);
    const big = Buffer.alloc(200_000, 'x');
    let sent = 0;
    while (!response.destroyed && sent < 1000) {
      void stream.send(big);
      sent++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(response.destroyed).toBe(true);
    expect(response.writableLength).toBeLessThan(2_000_000);
    void stream.send(Buffer.from('after'));
    const tail = await log.after(stream.ref, sent);
    expect(tail?.events.map(({ data }) => data.toString())).toEqual(['after']);
  });

  it('asks to wait while the client is slow, and no longer than it is there', async () => {
    const { stream, socket } = await openStream(newLog(), 50_000_000);
    let waiting: Promise<void> | undefined;
    while (waiting === undefined) waiting = stream.send(Buffer.alloc(500_000));
    socket.destroy();
    await waiting;
  });

  it('keeps each event before it sends it, in order, when the log takes its time', async () => {
    const kept: number[] = [];
    const slow: EventLog = {
      ...newLog(),
      open: async () => undefined,
      append: async (_, { number }) => {
        await new Promise((resolve) => setTimeout(resolve, 5 - number));
        kept.push(number);
      },
      finish: async () => void kept.push(0),
      drop: () => undefined,
      sweep: () => undefined,
      after: async () => undefined,
    };
    const { stream, socket } = await openStream(slow);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.resume();
    for (const text of ['a', 'b', 'c']) void stream.send(Buffer.from(text));
    stream.finish();
    await new Promise<void>((resolve) => {
      const poll = setInterval(() => {
        if (!Buffer.concat(chunks).includes('0\r\n\r\n')) return;
        clearInterval(poll);
        resolve();
      }, 5);
    });
    expect(kept).toEqual([1, 2, 3, 0]);
    const data = [
      ...Buffer.concat(chunks)
        .toString()
        .matchAll(/data: (\w)/g),
    ].map(([, text]) => text);
    expect(data).toEqual(['a', 'b', 'c']);
  });
});
