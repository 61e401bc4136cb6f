/**
 * What runs inside the sandbox in these tests: makes each attempt that its first argument lists (JSON) and prints what
 * came of each, as JSON. `--argv` prints the arguments instead.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';

/** One thing to try. */
export type Attempt =
  | { readonly write: string }
  /** A name in the private folder, which holds the cache. */
  | { readonly writeOwn: string }
  | { readonly read: string }
  | { readonly list: string }
  | { readonly connect: number | string }
  | { readonly ask: string }
  | { readonly variable: string };

async function make(attempt: Attempt): Promise<string> {
  if ('write' in attempt) {
    writeFileSync(attempt.write, 'written inside');
    return 'written';
  }
  if ('writeOwn' in attempt) {
    const own = dirname(process.env['XDG_CACHE_HOME'] ?? '');
    writeFileSync(join(own, attempt.writeOwn), 'written inside');
    return 'written';
  }
  if ('read' in attempt) return readFileSync(attempt.read, 'utf8');
  if ('list' in attempt) return readdirSync(attempt.list).sort().join(' ');
  if ('variable' in attempt) return process.env[attempt.variable] ?? 'unset';
  if ('ask' in attempt) return await askProxy(attempt.ask);
  return await tryConnect(attempt.connect);
}

/** To a port of loopback, or to a Unix socket. */
function tryConnect(where: number | string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = typeof where === 'number' ? connect(where, '127.0.0.1') : connect(where);
    socket.once('connect', () => {
      socket.destroy();
      resolve('connected');
    });
    socket.once('error', reject);
  });
}

/** Asks the proxy that the environment names for a tunnel, and gives the status of its answer. */
function askProxy(hostAndPort: string): Promise<string> {
  const proxy = new URL(process.env['HTTPS_PROXY'] ?? 'http://localhost:3128');
  const token = Buffer.from(decodeURIComponent(`${proxy.username}:${proxy.password}`)).toString('base64');
  return new Promise((resolve, reject) => {
    const socket = connect(Number(proxy.port), proxy.hostname);
    socket.once('error', reject);
    socket.once('close', () => resolve('closed'));
    socket.once('data', (bytes) => {
      socket.destroy();
      resolve(bytes.toString('latin1').split(' ')[1] ?? '');
    });
    socket.write(
      `CONNECT ${hostAndPort} HTTP/1.1\r\nhost: ${hostAndPort}\r\nproxy-authorization: Basic ${token}\r\n\r\n`,
    );
  });
}

const [first = '[]', ...more] = process.argv.slice(2);
if (first === '--argv') {
  console.log(JSON.stringify(more));
} else {
  const attempts: Attempt[] = JSON.parse(first);
  const outcomes: string[] = [];
  for (const attempt of attempts) {
    outcomes.push(
      await make(attempt).catch((error: NodeJS.ErrnoException) => `refused: ${error.code ?? error.message}`),
    );
  }
  console.log(JSON.stringify(outcomes));
}
