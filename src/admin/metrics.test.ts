import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMetricsPage, type MetricsPageParts } from './metrics.ts';

const KEY = 'k'.repeat(43);
const TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const WITH_KEY = { authorization: `Bearer ${KEY}` };

let server: Server;
let url: string;
let hostKnown: boolean;
let errors: string[];
let parts: { -readonly [K in keyof MetricsPageParts]: MetricsPageParts[K] };

beforeEach(async () => {
  hostKnown = true;
  errors = [];
  const none = () => undefined;
  parts = {
    key: KEY,
    keysAsked: true,
    contentType: TYPE,
    read: () => Promise.resolve('up 1\n'),
    log: { debug: none, info: none, warn: none, error: (message) => errors.push(message) },
  };
  server = createServer((request, response) => {
    void createMetricsPage(parts)({ request, response, hostKnown });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function ask(headers: Record<string, string> = {}, method = 'GET') {
  const response = await fetch(url, { method, headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

describe('the page of the metrics', () => {
  it('answers who shows the key of the administrator, by any name of the gateway', async () => {
    for (const known of [true, false]) {
      hostKnown = known;
      const answer = await ask(WITH_KEY);
      expect(answer).toMatchObject({ status: 200, text: 'up 1\n' });
      expect(answer.headers.get('content-type')).toBe(TYPE);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
  });

  it('shows nothing without that key where callers show keys', async () => {
    let reads = 0;
    parts.read = async () => `${++reads}`;
    const tries = [{}, { authorization: 'Bearer gwk_other' }, { 'x-forwarded-for': '127.0.0.1' }];
    for (const headers of tries) {
      const answer = await ask(headers);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect(answer.text).not.toContain(KEY);
    }
    expect(reads).toBe(0);
  });

  it('is open where no keys are asked for, but by a name of the gateway alone', async () => {
    parts.keysAsked = false;
    expect(await ask()).toMatchObject({ status: 200 });
    hostKnown = false;
    expect(await ask()).toMatchObject({ status: 401 });
    expect(await ask(WITH_KEY)).toMatchObject({ status: 200 });
  });

  it('is closed to web pages', async () => {
    parts.keysAsked = false;
    const answer = await ask({ origin: 'https://example.com', ...WITH_KEY });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('is read only', async () => {
    expect(await ask(WITH_KEY, 'HEAD')).toMatchObject({ status: 200, text: '' });
    const answer = await ask(WITH_KEY, 'POST');
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
  });

  it('says nothing of a fault inside, and logs it', async () => {
    parts.read = () => Promise.reject(new Error('internal detail'));
    const answer = await ask(WITH_KEY);
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('internal detail');
    expect(errors).toEqual(['the metrics could not be read']);
  });
});
