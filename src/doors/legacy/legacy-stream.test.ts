import { randomBytes } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openTestReplicas } from '../../../test/support/test-replicas.ts';
import { systemClock } from '../../lib/clock.ts';
import { createSeal } from '../../lib/seal.ts';
import { createStreamLog, type StreamLog } from '../../session/stream-log.ts';
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

const seal = createSeal(randomBytes(32));
const KEY = { session: 's', stream: 'p123456789012' };

async function newLog(): Promise<StreamLog> {
  const replicas = await openTestReplicas();
  ends.push(() => void replicas.close());
  const { streams } = replicas.store;
  return createStreamLog({ streams, seal, maxBytes: 1_000_000_000, maxAgeMs: 60_000 });
}

async function openStream(log: StreamLog, maxQueuedBytes = 100_000) {
  const { response, socket } = await openResponse();
  const ticker = new Ticker({ intervalMs: 1_000_000, clock: () => 0 });
  ends.push(() => ticker.stop());
  const connection = new SseConnection(response, { ticker, maxQueuedBytes });
  const told = { fenced: 0, ended: 0, followed: 0 };
  const stream = new LegacyStream({
    log,
    clock: systemClock,
    key: KEY,
    holder: 'me',
    requests: ['1'],
    work: () => Buffer.from('{}'),
    primes: false,
    onFenced: () => told.fenced++,
    onFollowed: () => told.followed++,
    onEnd: () => told.ended++,
  });
  stream.begin(connection);
  return { stream, connection, response, socket, told };
}

/** What the client read, once the response has ended. */
function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.resume();
  return new Promise((resolve) => {
    const poll = setInterval(() => {
      const text = Buffer.concat(chunks).toString();
      if (!text.includes('0\r\n\r\n')) return;
      clearInterval(poll);
      resolve(text);
    }, 5);
  });
}

const dataOf = (text: string) => [...text.matchAll(/data: (\w+)/g)].map(([, data]) => data);
const idsOf = (text: string) => [...text.matchAll(/id: (\S+)/g)].map(([, id]) => id);

describe('LegacyStream', () => {
  it('cuts off a client that does not read, and keeps what it missed', async () => {
    const log = await newLog();
    const { stream, response } = await openStream(log);
    const big = Buffer.alloc(200_000, 'x');
    let sent = 0;
    while (!response.destroyed && sent < 1000) {
      const kept = stream.send(big);
      sent++;
      await Promise.race([kept, new Promise((resolve) => setTimeout(resolve, 20))]);
    }
    expect(response.destroyed).toBe(true);
    expect(response.writableLength).toBeLessThan(2_000_000);
    await stream.send(Buffer.from('after'));
    const tail = await log.after(KEY, sent);
    expect(tail?.events.map(({ data }) => data.toString())).toEqual(['after']);
  });

  it('asks to wait while the client is slow, and no longer than it is there', async () => {
    const { stream, socket } = await openStream(await newLog(), 50_000_000);
    const sends = Array.from({ length: 20 }, () => stream.send(Buffer.alloc(500_000)));
    setTimeout(() => socket.destroy(), 100);
    await Promise.all(sends);
  });

  it('keeps each event before it sends it, in order, together what came meanwhile', async () => {
    const kept: string[] = [];
    const log = await newLog();
    const slow: StreamLog = {
      ...log,
      append: async (key, by, added) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        kept.push(`${added.events.map(({ number }) => number).join()}${added.ends ? ' end' : ''}`);
        return log.append(key, by, added);
      },
    };
    const { stream, socket, told } = await openStream(slow);
    const text = readAll(socket);
    const first = stream.send(Buffer.from('a'));
    for (const data of ['b', 'c']) void stream.send(Buffer.from(data));
    await first;
    void stream.send(Buffer.from('d'));
    await stream.finish();
    expect(kept).toEqual(['1,2,3', '4 end']);
    expect(dataOf(await text)).toEqual(['a', 'b', 'c', 'd']);
    expect(told).toEqual({ fenced: 0, ended: 1, followed: 0 });
  });

  it('sends what cannot be kept without an id, and goes on keeping once the store is back', async () => {
    const replicas = await openTestReplicas();
    ends.push(() => void replicas.close());
    const { streams } = replicas.store;
    const log = createStreamLog({ streams, seal, maxBytes: 1_000_000, maxAgeMs: 60_000 });
    const { stream, socket } = await openStream(log);
    const text = readAll(socket);
    await stream.send(Buffer.from('a'));
    replicas.broken = true;
    await stream.send(Buffer.from('b'));
    replicas.broken = false;
    await stream.send(Buffer.from('c'));
    await stream.finish();
    expect(dataOf(await text)).toEqual(['a', 'b', 'c']);
    expect(idsOf(await text)).toEqual([`${KEY.stream}.1`, `${KEY.stream}.2`]);
    const tail = await log.after(KEY, 0);
    expect(tail?.events.map(({ data }) => data.toString())).toEqual(['a', 'c']);
  });

  it("says nothing more once it is another replica's", async () => {
    const log = await newLog();
    const { stream, socket, told } = await openStream(log);
    const text = readAll(socket);
    await stream.send(Buffer.from('a'));
    await log.claim(KEY, { holder: 'me', epoch: 1 }, 'other');
    await stream.send(Buffer.from('b'));
    expect(await stream.save()).toBe(false);
    expect(stream.fenced).toBe(true);
    await stream.finish();
    expect(dataOf(await text)).toEqual(['a']);
    expect(told).toEqual({ fenced: 1, ended: 1, followed: 0 });
    expect(await log.read(KEY)).toMatchObject({ holder: 'other', ended: false, last: 1 });
  });

  it('can be left to whoever claims it', async () => {
    const log = await newLog();
    const { stream, told } = await openStream(log);
    void stream.send(Buffer.from('a'));
    await stream.leave();
    expect(told).toMatchObject({ fenced: 1, ended: 1 });
    expect(await log.read(KEY)).toMatchObject({ holder: 'nobody', epoch: 2, last: 1 });
  });
});
