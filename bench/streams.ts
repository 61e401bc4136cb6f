/**
 * Opens many long-lived streams and keeps them. Prints one JSON line with what was opened; on a line on standard
 * input prints how many are still alive; ends when standard input ends.
 *
 * Usage: `node bench/streams.ts --port N --path /servers/NAME/mcp --kind legacy|listen --count N`.
 */
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { exchangeOn, openSocket } from './exchange.ts';
import { firstId, legacyGet, legacyInitialize, legacyInitialized, modernListen } from './requests.ts';

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    path: { type: 'string', default: '/mcp' },
    kind: { type: 'string', default: 'legacy' },
    count: { type: 'string', default: '1' },
  },
});
const target = { port: Number(options.port), path: options.path };
const count = Number(options.count);

/** Connections that are being opened at a time. */
const width = 32;
/** Loopback addresses that connections come from: one address has too few ports for several thousand of them. */
const addresses = 8;

const alive = new Set<Socket>();
const reasons = new Map<string, number>();

/** Sends the request that opens the stream; resolves once its head is there. */
function openStream(socket: Socket, raw: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let head = '';
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', onData);
      if (head.startsWith('HTTP/1.1 200') && /text\/event-stream/i.test(head)) resolve();
      else reject(new TypeError(`stream refused: ${head.slice(0, 300).replaceAll('\r\n', ' | ')}`));
    };
    socket.on('data', onData);
    socket.once('close', () => reject(new TypeError('connection closed before the stream')));
    socket.write(raw);
  });
}

async function openSession(socket: Socket): Promise<string> {
  const initialize = legacyInitialize(target);
  const answer = await exchangeOn(socket, `${initialize.before}${firstId}${initialize.after}`);
  const session = answer.header('mcp-session-id');
  if (answer.status !== 200 || session === undefined)
    throw new TypeError(`initialize: ${answer.status} ${answer.body.slice(0, 200)}`);
  const initialized = await exchangeOn(socket, legacyInitialized(target, session));
  if (initialized.status !== 202) throw new TypeError(`initialized: ${initialized.status}`);
  return session;
}

async function openOne(index: number): Promise<void> {
  const socket = await openSocket(target.port, `127.0.0.${2 + (index % addresses)}`);
  socket.on('error', () => socket.destroy());
  socket.setTimeout(60_000, () => socket.destroy());
  if (options.kind === 'listen') {
    const listen = modernListen(target);
    await openStream(socket, `${listen.before}${firstId + index}${listen.after}`);
  } else {
    await openStream(socket, legacyGet(target, await openSession(socket)));
  }
  socket.setTimeout(0);
  alive.add(socket);
  socket.on('close', () => alive.delete(socket));
  socket.resume();
}

let next = 0;
async function work(): Promise<void> {
  while (next < count) {
    const index = next;
    next += 1;
    try {
      await openOne(index);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
  }
}

await Promise.all(Array.from({ length: width }, work));
console.log(JSON.stringify({ alive: alive.size, reasons: Object.fromEntries([...reasons].slice(0, 5)) }));
const lines = createInterface({ input: process.stdin });
lines.on('line', () => console.log(JSON.stringify({ alive: alive.size, reasons: {} })));
lines.on('close', () => process.exit(0));
