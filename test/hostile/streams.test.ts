import { afterEach, describe, expect, it } from 'vitest';
import { RawConnection } from '../support/raw-http.ts';
import { type Change, type DoorTarget, startDoor } from './door-target.ts';
import { callBody, callHeaders, META, post } from './requests.ts';

const targets: DoorTarget[] = [];
const connections: RawConnection[] = [];

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.close();
  await Promise.all(targets.splice(0).map((target) => target.stop()));
});

async function start(change?: Change): Promise<DoorTarget> {
  const target = await startDoor(change);
  targets.push(target);
  return target;
}

async function open(target: DoorTarget, allowHalfOpen = false): Promise<RawConnection> {
  const connection = await RawConnection.open(target.port, allowHalfOpen);
  connections.push(connection);
  return connection;
}

const call = (name: string, args = '{}', headers: Record<string, string> = {}) =>
  post({ body: callBody(name, args), headers: { ...callHeaders(name), ...headers } });
const LISTEN = post({
  body: JSON.stringify({
    jsonrpc: '2.0',
    id: 7,
    method: 'subscriptions/listen',
    params: { notifications: {}, _meta: META },
  }),
  headers: { 'Mcp-Method': 'subscriptions/listen', 'Mcp-Name': undefined },
});
const JSON_ONLY = { Accept: 'application/json' };

async function eventually(holds: () => boolean, what: string): Promise<void> {
  for (let n = 0; n < 1000; n++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new TypeError(`never: ${what}`);
}

const includes = (text: string) => (bytes: Buffer) => bytes.includes(text);

describe('an event stream', () => {
  it('carries the notifications of its request, then the response, then ends', async () => {
    const connection = await open(await start());
    connection.send(call('progress', '{"count":3}'));
    const answer = await connection.answer();
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': ['text/event-stream'],
      'cache-control': ['no-cache, no-transform'],
      'x-accel-buffering': ['no'],
    });
    const events = answer.body.toString().split('\n\n').slice(0, -1);
    expect(events).toHaveLength(4);
    for (const event of events) expect(event).toMatch(/^event: message\ndata: \{.*\}$/);
    expect(events.at(-1)).toContain('"result":');
    connection.send(call('echo'));
    expect((await connection.answer()).status).toBe(200);
  });

  it('is not opened for a client that takes JSON alone', async () => {
    const connection = await open(await start());
    connection.send(call('progress', '{"count":3}', JSON_ONLY));
    const answer = await connection.answer();
    expect(answer.headers.get('content-type')).toEqual(['application/json']);
    expect(JSON.parse(answer.body.toString()).result.said).toBe('done');
  });

  it('begins after two seconds of silence, and not before', async () => {
    const target = await start();
    const connection = await open(target);
    connection.send(call('wait', '{"ms":400}'));
    await eventually(() => target.running.size === 1, 'running');
    target.advance(1500);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(connection.received.length).toBe(0);
    target.advance(600);
    await connection.until(includes(': keep-alive\n\n'), 'comment');
    expect(connection.received.toString()).toMatch(/^HTTP\/1.1 200 /);
    await connection.until(includes('"waited"'), 'result');
  });

  it('that has begun carries a late error with status 200', async () => {
    const target = await start();
    const connection = await open(target);
    connection.send(call('fail', '{}'));
    const answer = await connection.answer();
    expect(answer.status).toBe(200);
    expect(answer.headers.has('retry-after')).toBe(false);
    expect(answer.body.toString()).toContain('"error":{"code":1001');
  });

  it('says that it lives every fifteen seconds', async () => {
    const target = await start();
    const connection = await open(target);
    connection.send(LISTEN);
    await connection.until(includes('acknowledged'), 'acknowledgment');
    for (let n = 0; n < 3; n++) {
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(connection.received.includes(': keep-alive\n')).toBe(false);
      target.advance(15_000);
      await connection.until(includes(': keep-alive\n'), 'comment');
      connection.received.fill(0);
    }
  });

  it('writes a line end inside a message as a further data line', async () => {
    const connection = await open(await start());
    connection.send(LISTEN);
    await connection.until(includes('event: message\ndata: {"jsonrpc":"2.0",\ndata: "method":'), 'event');
  });

  it('is refused to a client that wants to listen and takes no stream', async () => {
    const connection = await open(await start());
    const listen = post({
      body: callBody('x').replace('tools/call', 'subscriptions/listen'),
      headers: { ...JSON_ONLY, 'Mcp-Method': 'subscriptions/listen' },
    });
    connection.send(listen);
    expect((await connection.answer()).status).toBe(406);
  });
});

describe('a client that goes away', () => {
  it.each([
    ['before any byte of the answer', call('hang')],
    ['before any byte of a JSON answer', call('hang', '{}', JSON_ONLY)],
    ['from a stream', LISTEN],
  ])('cancels its call: %s', async (_what, bytes) => {
    const target = await start();
    const connection = await open(target);
    connection.send(bytes);
    await eventually(() => target.running.size === 1, 'running');
    connection.close();
    await eventually(() => target.aborted.length === 1 && target.running.size === 0, 'aborted');
  });

  it('by half, cancels its call too', async () => {
    const target = await start();
    const connection = await open(target, true);
    connection.send(call('hang'));
    await eventually(() => target.running.size === 1, 'running');
    connection.socket.end();
    await eventually(() => target.aborted.length === 1 && target.running.size === 0, 'aborted');
    await connection.closed();
  });

  it('cancels every call of its connection', async () => {
    const target = await start();
    const connection = await open(target);
    connection.send(Buffer.concat([call('hang'), call('hang'), call('hang')]));
    await eventually(() => target.running.size === 3, 'running');
    connection.close();
    await eventually(() => target.aborted.length === 3 && target.running.size === 0, 'aborted');
  });

  it('does not cancel a call that is answered', async () => {
    const target = await start();
    const connection = await open(target);
    connection.send(call('echo'));
    await connection.answer();
    connection.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(target.aborted).toEqual([]);
  });
});

describe('a slow reader', () => {
  it('makes the sender wait, costs bounded memory, and gets everything in the end', async () => {
    const target = await start();
    const connection = await open(target);
    connection.socket.pause();
    connection.send(call('flood', '{"patient":true}'));
    await eventually(() => target.running.size === 1, 'running');
    const before = process.memoryUsage().external;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(process.memoryUsage().external - before).toBeLessThan(30_000_000);
    expect(target.running.size).toBe(1);
    connection.socket.resume();
    let bytes = 0;
    connection.socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    await connection.until(includes('"progress":100,'), 'event');
    expect(bytes).toBeGreaterThan(1_000_000);
  });

  it('of a sender that does not wait is cut off at the bound', async () => {
    const target = await start({ maxQueuedBytes: 300_000 });
    const connection = await open(target);
    connection.socket.pause();
    connection.send(call('flood'));
    await eventually(() => target.aborted.length === 1 && target.running.size === 0, 'aborted');
  });

  it('that takes nothing for a minute is cut off', async () => {
    const target = await start();
    const connection = await open(target);
    connection.socket.pause();
    connection.send(call('flood', '{"patient":true}'));
    await eventually(() => target.running.size === 1, 'running');
    await new Promise((resolve) => setTimeout(resolve, 300));
    target.advance(59_000);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(target.aborted).toEqual([]);
    target.advance(2000);
    await eventually(() => target.aborted.length === 1 && target.running.size === 0, 'aborted');
  });
});

describe('one connection', () => {
  it('may not have more requests under way than any client needs', async () => {
    const target = await start();
    const connection = await open(target);
    connection.send(Buffer.concat(Array.from({ length: 70 }, () => call('hang'))));
    await eventually(() => target.running.size === 64, 'sixty-four');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(target.running.size).toBe(64);
  });

  it('above the number allowed is closed', async () => {
    const target = await start({ listen: { host: '127.0.0.1', port: 0, tls: undefined, maxConnections: 2 } });
    const [one, two, three] = [await open(target), await open(target), await open(target)];
    await three.closed();
    for (const connection of [one, two]) {
      connection.send(call('echo'));
      expect((await connection.answer()).status).toBe(200);
    }
  });
});

describe('stopping', () => {
  it('lets calls under way finish, and refuses what is new', async () => {
    const target = await start();
    const busy = await open(target);
    const idle = await open(target);
    idle.send(call('echo'));
    await idle.answer();
    busy.send(call('wait', '{"ms":200}'));
    await eventually(() => target.running.size === 1, 'running');
    const stopped = target.door.stop(5000);
    const answer = await busy.answer();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('connection')).toEqual(['close']);
    await stopped;
    await idle.closed();
    await busy.closed();
    await expect(RawConnection.open(target.port)).rejects.toThrow();
  });

  it('answers a request that comes meanwhile with 503', async () => {
    const target = await start();
    const [busy, other] = [await open(target), await open(target)];
    busy.send(call('wait', '{"ms":300}'));
    const late = call('echo');
    other.send(late.subarray(0, 20));
    await eventually(() => target.running.size === 1, 'running');
    await new Promise((resolve) => setTimeout(resolve, 30));
    const stopped = target.door.stop(5000);
    other.send(late.subarray(20));
    const answer = await other.answer();
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body.toString()).error.code).toBe(1002);
    expect((await busy.answer()).status).toBe(200);
    await stopped;
  });

  it('cuts off what is not over within its grace', async () => {
    const target = await start();
    const connection = await open(target);
    connection.send(call('hang'));
    await eventually(() => target.running.size === 1, 'running');
    const began = performance.now();
    await target.door.stop(100);
    expect(performance.now() - began).toBeGreaterThan(80);
    await eventually(() => target.aborted.length === 1, 'aborted');
    await connection.closed();
  });

  it('does not wait for connections without a request', async () => {
    const target = await start();
    const silent = await open(target);
    const half = await open(target);
    half.send('POST /mcp HTTP/1.1\r\nHo');
    await new Promise((resolve) => setTimeout(resolve, 30));
    const began = performance.now();
    await target.door.stop(10_000);
    expect(performance.now() - began).toBeLessThan(2000);
    await silent.closed();
    await half.closed();
  });

  it('twice is stopping once', async () => {
    const target = await start();
    await Promise.all([target.door.stop(100), target.door.stop(100)]);
  });
});

describe('many rounds', () => {
  it('leave no connection, call or timer behind', async () => {
    const target = await start();
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
    const ends = [
      call('echo'),
      call('hang'),
      LISTEN,
      post({ body: '{' }),
      post().subarray(0, -1),
      Buffer.from('x\r\n\r\n'),
    ];
    const before = { timers: timers(), sockets: sockets() };
    for (let round = 0; round < 300; round++) {
      const connection = await RawConnection.open(target.port);
      connection.send(ends[round % ends.length] ?? '');
      if (round % 3 === 0) await new Promise(setImmediate);
      connection.close();
    }
    await eventually(() => target.running.size === 0 && sockets() <= before.sockets, 'quiet');
    await eventually(() => timers() <= before.timers + 1, 'no timers');
    const connection = await open(target);
    connection.send(call('echo'));
    expect((await connection.answer()).status).toBe(200);
  });
});
