import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PURPOSES, type Purpose } from '../../../src/guard/egress/purposes.ts';
import { createSafeFetch, type SafeFetch } from '../../../src/guard/egress/safe-fetch.ts';
import { type DnsServer, startDns } from './dns-server.ts';
import {
  type Canary,
  judgeForTests,
  PUBLIC_ADDRESS,
  type PublicServer,
  startCanary,
  startPublic,
} from './stand-in.ts';

const NAMES = Object.keys(PURPOSES) as Purpose[];
const FOLLOWING = NAMES.filter((purpose) => PURPOSES[purpose].redirects.max > 0);
const signal = new AbortController().signal;
/** What a rebinding server says second, in both families. */
const INSIDE = [
  '127.0.0.1',
  '0.0.0.0',
  '169.254.169.254',
  '::1',
  '::ffff:127.0.0.1',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
];

/** Public at the first question, inside from the second on: the answer is in the name. */
const rebind = (purpose: string, index: number): string => `${purpose}-${index}.rebind.example.com`;

let canary: Canary;
let server: PublicServer;
let dns: DnsServer;
let fetch: SafeFetch;

beforeAll(async () => {
  canary = await startCanary();
  const hosts = ['*.rebind.example.com', '*.mixed.example.com'];
  server = await startPublic({ port: canary.port, hosts }, (req, res) => {
    if (req.url === '/loop') res.writeHead(302, { location: '/end' }).end();
    else res.writeHead(200, { 'content-type': req.headers.accept?.split(',')[0] ?? '' }).end('{}');
  });
  dns = await startDns((name, query) => {
    const index = Number(/-(\d+)\./.exec(name)?.[1]);
    const inside = INSIDE[index] ?? '127.0.0.1';
    if (name.endsWith('.mixed.example.com')) return [PUBLIC_ADDRESS, inside];
    return query === 0 ? [PUBLIC_ADDRESS] : [inside];
  });
  fetch = createSafeFetch({
    userAgent: 'gateward/test',
    resolve: dns.resolve,
    judge: judgeForTests,
    ca: server.ca,
  });
});
afterAll(async () => {
  expect(canary.hits()).toBe(0);
  await Promise.all([server.close(), dns.close(), canary.close()]);
});

describe.each(NAMES)('a rebinding DNS server, asked for %s', (purpose) => {
  it.each(INSIDE)('gains nothing by changing to %s', async (address) => {
    const host = rebind(purpose, INSIDE.indexOf(address));
    const url = `https://${host}:${canary.port}/`;
    // What was judged is what was connected to: one question, one connection, the public server.
    expect(await fetch(url, { purpose, signal })).toMatchObject({ url });
    expect(dns.asked(host)).toBe(1);
    await expect(fetch(url, { purpose, signal })).rejects.toMatchObject({ code: 'EGRESS_REFUSED' });
    expect(dns.asked(host)).toBe(2);
  });

  it.each(INSIDE)('gains nothing by adding %s to a public address', async (address) => {
    const url = `https://${purpose}-${INSIDE.indexOf(address)}.mixed.example.com:${canary.port}/`;
    const before = server.seen.length;
    await expect(fetch(url, { purpose, signal })).rejects.toMatchObject({ code: 'EGRESS_REFUSED' });
    expect(server.seen).toHaveLength(before);
  });
});

it.each(FOLLOWING)('a redirect to the same name is judged anew, for %s', async (purpose) => {
  const host = rebind(`redirect-${purpose}`, 0);
  const url = `https://${host}:${canary.port}/loop`;
  await expect(fetch(url, { purpose, signal })).rejects.toMatchObject({ code: 'EGRESS_REFUSED' });
  expect(server.seen.at(-1)).toBe(`${host}:${canary.port} /loop`);
});
