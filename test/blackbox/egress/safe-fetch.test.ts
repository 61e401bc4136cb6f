import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GatewardError } from '../../../src/errors.ts';
import { PURPOSES, type Purpose } from '../../../src/guard/egress/purposes.ts';
import {
  createSafeFetch,
  type FetchedDocument,
  type SafeFetch,
  type SafeFetchOptions,
} from '../../../src/guard/egress/safe-fetch.ts';
import { RESOLVED, WRITTEN } from './address-table.ts';
import {
  type Canary,
  judgeForTests,
  PUBLIC_ADDRESS,
  type PublicServer,
  startCanary,
  startPublic,
} from './stand-in.ts';

const HOST = 'docs.example.com';
const NAMES = Object.keys(PURPOSES) as Purpose[];
const FOLLOWING = NAMES.filter((purpose) => PURPOSES[purpose].redirects.max > 0);
const signal = new AbortController().signal;

let usual: SafeFetch;
let canary: Canary;
let server: PublicServer;
let answer: (req: IncomingMessage, res: ServerResponse) => void;
let addresses: (host: string) => readonly string[];

beforeAll(async () => {
  canary = await startCanary();
  server = await startPublic({ port: canary.port, hosts: [HOST, 'other.example.com'] }, (req, res) =>
    answer(req, res),
  );
  usual = make();
});
afterAll(async () => {
  expect(canary.hits()).toBe(0);
  await server.close();
  await canary.close();
});
beforeEach(() => {
  addresses = () => [PUBLIC_ADDRESS];
});

function make(options: Partial<SafeFetchOptions> = {}): SafeFetch {
  return createSafeFetch({
    userAgent: 'gateward/test',
    resolve: async (host) =>
      addresses(host).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    judge: judgeForTests,
    ca: server.ca,
    ...options,
  });
}

function run(url: string, purpose: Purpose, fetch = usual): Promise<FetchedDocument> {
  return fetch(url, { purpose, signal });
}

const at = (path: string, host = HOST): string => `https://${host}:${canary.port}${path}`;
const typeOf = (purpose: Purpose): string =>
  purpose === 'icon' ? 'image/png' : 'application/json; charset=utf-8';

function send(res: ServerResponse, purpose: Purpose, body: string | Buffer = '{}'): void {
  res.writeHead(200, { 'content-type': typeOf(purpose) }).end(body);
}

/** Fails unless the promise rejects with the code, and without a word of an address that the DNS gave. */
async function expectRefusal(promise: Promise<unknown>, code: string): Promise<GatewardError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof GatewardError)) throw new TypeError(`not refused: ${String(error)}`);
  expect(error.code).toBe(code);
  expect(error.message).not.toMatch(/\d+\.\d+\.\d+\.\d+|::/);
  return error;
}

describe.each(NAMES)('a fetch for %s', (purpose) => {
  it('brings the document of a public address, and sends neither cookies nor credentials', async () => {
    answer = (_, res) => send(res, purpose, '{"a":1}');
    const document = await run(at('/a?b=c#d'), purpose);
    expect(document).toMatchObject({ url: at('/a?b=c#d'), type: typeOf(purpose).split(';')[0] });
    expect(document.bytes.toString()).toBe('{"a":1}');
    expect(server.seen.at(-1)).toBe(`${HOST}:${canary.port} /a?b=c`);
    expect(Object.keys(server.headers()).sort()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'host',
      'user-agent',
    ]);
  });

  it.each(WRITTEN)('refuses the host %s', async (host) => {
    await expectRefusal(run(`https://${host}:${canary.port}/`, purpose), 'EGRESS_REFUSED');
    await expectRefusal(run(`https://${host}/`, purpose), 'EGRESS_REFUSED');
  });

  it.each(RESOLVED)('refuses a public name that leads to %s', async (address) => {
    addresses = () => [address];
    await expectRefusal(run(at('/', '7f000001.nip.example.com'), purpose), 'EGRESS_REFUSED');
    addresses = () => [PUBLIC_ADDRESS, address];
    await expectRefusal(run(at('/'), purpose), 'EGRESS_REFUSED');
  });

  it.each([
    'http://docs.example.com/',
    'ftp://docs.example.com/',
    'file:///etc/passwd',
    'data:application/json,{}',
    'gopher://docs.example.com/',
    'unix:/run/docker.sock',
    'https://user@docs.example.com/',
    'https://user:password@docs.example.com/',
    'https://:password@docs.example.com/',
    'https://docs.example.com:22/',
    'https://docs.example.com:80/',
    'https://docs.example.com/\r\nx: y',
    ' https://docs.example.com/',
    'https://docs.exam\tple.com/',
    'https://docs.example.com/\u200b',
    'https://',
    'https://./',
    '//docs.example.com/',
    'docs.example.com',
    '',
    `https://docs.example.com/${'a'.repeat(5_000)}`,
  ])('refuses the URL %j', async (url) => {
    const before = server.seen.length;
    await expectRefusal(run(url, purpose), 'EGRESS_REFUSED');
    expect(server.seen).toHaveLength(before);
  });

  it.each(WRITTEN)('does not follow a redirect to %s', async (host) => {
    const written = host.replaceAll(/[^ -~]/gu, encodeURIComponent);
    const location = `https://${written}:${canary.port}/`;
    answer = (_, res) => res.writeHead(302, { location }).end();
    const code = FOLLOWING.includes(purpose) ? 'EGRESS_REFUSED' : 'EGRESS_FAILED';
    await expectRefusal(run(at('/'), purpose), code);
  });

  it.each(['http', 'ftp', 'file'])('does not follow a redirect to %s', async (scheme) => {
    answer = (_, res) => res.writeHead(301, { location: `${scheme}://${HOST}/` }).end();
    const code = FOLLOWING.includes(purpose) ? 'EGRESS_REFUSED' : 'EGRESS_FAILED';
    await expectRefusal(run(at('/'), purpose), code);
  });

  it('ends a loop of redirects', async () => {
    answer = (_, res) => res.writeHead(307, { location: at('/again') }).end();
    const before = server.seen.length;
    await expectRefusal(run(at('/'), purpose), 'EGRESS_FAILED');
    expect(server.seen.length - before).toBe(PURPOSES[purpose].redirects.max + 1);
  });

  it('refuses what is too large, announced or not, and reads no more of it', async () => {
    const { maxBytes } = PURPOSES[purpose];
    answer = (_, res) =>
      res.writeHead(200, { 'content-type': typeOf(purpose), 'content-length': maxBytes + 1 }).flushHeaders();
    await expectRefusal(run(at('/'), purpose), 'EGRESS_FAILED');
    let isCut = false;
    answer = (_, res) => {
      res.writeHead(200, { 'content-type': typeOf(purpose) });
      const more = (error?: Error | null): void => {
        if (!isCut && (error ?? undefined) === undefined) res.write(Buffer.alloc(65_536, 32), more);
      };
      res.once('close', () => {
        isCut = true;
      });
      more();
    };
    await expectRefusal(run(at('/'), purpose), 'EGRESS_FAILED');
    await expect.poll(() => isCut).toBe(true);
  });

  it('takes a document of exactly the size that it may have', async () => {
    answer = (_, res) => send(res, purpose, Buffer.alloc(PURPOSES[purpose].maxBytes, 32));
    expect((await run(at('/'), purpose)).bytes).toHaveLength(PURPOSES[purpose].maxBytes);
  });

  it('refuses what is compressed, whatever it would unfold to', async () => {
    answer = (_, res) =>
      res
        .writeHead(200, { 'content-type': typeOf(purpose), 'content-encoding': 'gzip' })
        .end(gzipSync(Buffer.alloc(10_000_000)));
    await expectRefusal(run(at('/'), purpose), 'EGRESS_FAILED');
  });

  it('refuses headers without end', async () => {
    answer = (_, res) =>
      res.writeHead(200, { 'content-type': typeOf(purpose), 'x-a': 'a'.repeat(40_000) }).end('{}');
    await expectRefusal(run(at('/'), purpose), 'EGRESS_FAILED');
  });

  it.each(['text/html', 'application/octet-stream', 'text/plain', ''])(
    'refuses the type %j',
    async (type) => {
      answer = (_, res) => res.writeHead(200, type === '' ? {} : { 'content-type': type }).end('{}');
      await expectRefusal(run(at('/'), purpose), 'EGRESS_FAILED');
    },
  );

  it.each([201, 204, 206, 400, 401, 404, 500])('takes no document with status %i', async (status) => {
    answer = (_, res) => res.writeHead(status, { 'content-type': typeOf(purpose) }).end();
    await expectRefusal(run(at('/'), purpose), 'EGRESS_FAILED');
  });

  it('gives up a server that answers byte by byte', async () => {
    answer = (_, res) => {
      res.writeHead(200, { 'content-type': typeOf(purpose) });
      const drip = setInterval(() => res.write(' '), 20);
      res.once('close', () => clearInterval(drip));
    };
    await expectRefusal(run(at('/'), purpose, make({ timeoutMs: 200 })), 'EGRESS_FAILED');
  });

  it('takes no certificate of another name or of an unknown authority', async () => {
    answer = (_, res) => send(res, purpose);
    await expectRefusal(run(at('/', 'www.example.com'), purpose), 'EGRESS_FAILED');
    const untrusting = make({ ca: undefined });
    await expectRefusal(run(at('/'), purpose, untrusting), 'EGRESS_FAILED');
  });
});

describe.each(FOLLOWING)('a fetch for %s that is redirected', (purpose) => {
  it('goes on at the public address that the redirect names', async () => {
    answer = (req, res) =>
      req.url === '/end' ? send(res, purpose) : res.writeHead(308, { location: './end' }).end();
    expect(await run(at('/start'), purpose)).toMatchObject({ url: at('/end') });
  });

  it('judges the address of each name on the way', async () => {
    addresses = (host) => [host === HOST ? PUBLIC_ADDRESS : '127.0.0.1'];
    answer = (_, res) => res.writeHead(302, { location: at('/', 'other.example.com') }).end();
    const refused = purpose === 'icon' ? 'EGRESS_FAILED' : 'EGRESS_REFUSED';
    await expectRefusal(run(at('/'), purpose), refused);
  });

  it.each(['', 'https://', 'http://['])('fails for the location %j', async (location) => {
    answer = (_, res) => res.writeHead(302, { location }).end();
    await expectRefusal(run(at('/'), purpose), 'EGRESS_FAILED');
  });
});

it('leaves the origin of an icon for no redirect', async () => {
  answer = (_, res) => res.writeHead(302, { location: at('/', 'other.example.com') }).end();
  await expectRefusal(run(at('/'), 'icon'), 'EGRESS_FAILED');
  expect(await run(at('/'), 'metadata').catch(() => server.seen.at(-1))).toContain('other.example.com');
});

it('ends with the reason of the signal, while it looks up, waits or reads', async () => {
  const reason = new TypeError('enough');
  const started = Promise.withResolvers<void>();
  answer = () => started.resolve();
  const abort = new AbortController();
  const waiting = usual(at('/'), { purpose: 'metadata', signal: abort.signal });
  await started.promise;
  abort.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  await expect(usual(at('/'), { purpose: 'metadata', signal: abort.signal })).rejects.toBe(reason);

  const never = createSafeFetch({ userAgent: 'x', resolve: () => new Promise(() => undefined) });
  const later = new AbortController();
  const lookingUp = never(at('/'), { purpose: 'metadata', signal: later.signal });
  await sleep(20);
  later.abort(reason);
  await expect(lookingUp).rejects.toBe(reason);
});

it('refuses more than 64 fetches at once', async () => {
  const fetch = createSafeFetch({ userAgent: 'x', resolve: () => new Promise(() => undefined) });
  const abort = new AbortController();
  const terms = { purpose: 'metadata', signal: abort.signal } as const;
  const running = Array.from({ length: 64 }, () => fetch(at('/'), terms).catch(() => 'ended'));
  await expectRefusal(fetch(at('/'), terms), 'EGRESS_FAILED');
  abort.abort();
  expect(new Set(await Promise.all(running))).toEqual(new Set(['ended']));
});

describe('a name that the operator lets into a private network', () => {
  const dangerouslyReachPrivateHosts = ['*.corp.example', '10.1.2.3', 'localhost', 'idp.internal'];
  let lenient: SafeFetch;
  beforeAll(() => {
    lenient = make({ dangerouslyReachPrivateHosts, timeoutMs: 300 });
  });

  it.each(['10.0.0.1', 'fc00::1'])('may lead to %s', async (address) => {
    addresses = () => [address];
    // Nobody answers there, which is another failure than being refused.
    await expectRefusal(run('https://sso.corp.example:1/', 'metadata', lenient), 'EGRESS_REFUSED');
    await expectRefusal(run('https://sso.corp.example/', 'metadata', lenient), 'EGRESS_FAILED');
    await expectRefusal(run('https://idp.internal/', 'metadata', lenient), 'EGRESS_FAILED');
    await expectRefusal(run('https://sso.corp.example.org/', 'metadata', lenient), 'EGRESS_REFUSED');
  });

  it.each(['127.0.0.1', '169.254.169.254', '::1', '64:ff9b::a00:1', '0.0.0.0'])(
    'may not lead to %s',
    async (address) => {
      addresses = () => [address];
      await expectRefusal(run(at('/', 'sso.corp.example'), 'metadata', lenient), 'EGRESS_REFUSED');
      await expectRefusal(run(at('/', 'localhost'), 'metadata', lenient), 'EGRESS_REFUSED');
    },
  );
});

it('tells an address that the DNS gave to the log alone', async () => {
  addresses = () => ['10.9.8.7'];
  const error = await expectRefusal(run(at('/'), 'jwks'), 'EGRESS_REFUSED');
  expect(JSON.stringify([error.message, error.data])).not.toContain('10.9');
  expect(String(error.cause)).toContain('10.9.8.7');
});
