import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_APPROVALS } from '../../test/support/admin-server.ts';
import { fakeTasks } from '../../test/support/fake-tasks.ts';
import { GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import { createAdminApi } from './admin-api.ts';
import type { AdminParts } from './parts.ts';

const KEY = 'k'.repeat(43);
const STATUS = {
  version: '1.2.3',
  upstreams: [
    { name: 'files', state: 'up' },
    { name: 'other', state: 'down' },
  ],
  servers: [
    { name: 'all', upstreams: ['files', 'other'] },
    { name: 'files', upstreams: ['files'] },
  ],
};
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined };

let server: Server;
let base: string;
let errors: string[];
let parts: { -readonly [K in keyof AdminParts]: AdminParts[K] };

beforeEach(async () => {
  errors = [];
  parts = {
    key: KEY,
    status: () => STATUS,
    reload: () => Promise.resolve({ changed: ['upstreams.files'] }),
    tools: () => Promise.resolve([JsonText.written('{"name":"read","x":[1.0]}')]),
    tasks: fakeTasks(),
    approvals: NO_APPROVALS,
    log: { ...quiet, error: (message) => errors.push(message) },
  };
  server = createServer((request, response) => void createAdminApi(parts)(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/admin/api`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

async function ask(path: string, init: RequestInit = {}, key: string | undefined = KEY): Promise<Answer> {
  const headers = { ...(key === '' ? {} : { authorization: `Bearer ${key}` }), ...init.headers };
  const response = await fetch(`${base}/${path}`, { ...init, headers });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

describe('the admin API', () => {
  it.each([
    ['status', STATUS],
    ['upstreams', { upstreams: STATUS.upstreams }],
    ['upstreams/files', { upstream: STATUS.upstreams[0] }],
    ['servers', { servers: STATUS.servers }],
    [
      'servers/files',
      { server: STATUS.servers[1], upstreams: [STATUS.upstreams[0]], tools: [{ name: 'read', x: [1] }] },
    ],
  ])('answers GET %s', async (path, body) => {
    const answer = await ask(path);
    expect(answer).toMatchObject({ status: 200, body });
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('reloads on POST, whatever the body', async () => {
    const answer = await ask('reload', { method: 'POST', body: 'anything' });
    expect(answer).toMatchObject({ status: 200, body: { changed: ['upstreams.files'] } });
  });

  it('says why a configuration is refused', async () => {
    const problems = [{ line: 1, column: 2, key: 'x', message: 'no' }];
    parts.reload = () => Promise.reject(new GatewardError('CONFIG_INVALID', { data: { problems } }));
    const answer = await ask('reload', { method: 'POST' });
    expect(answer).toMatchObject({ status: 422, body: { error: { code: 'CONFIG_INVALID', problems } } });
  });

  it('shows a server whose tools cannot be had, and says why', async () => {
    parts.tools = () => Promise.reject(new GatewardError('UPSTREAM_UNAVAILABLE'));
    const answer = await ask('servers/all');
    expect(answer).toMatchObject({
      status: 200,
      body: { server: { name: 'all' }, tools: [], toolsError: { code: 'UPSTREAM_UNAVAILABLE' } },
    });
  });

  it.each([
    ['nothing', 404, 'ADMIN_NOT_FOUND'],
    ['', 404, 'ADMIN_NOT_FOUND'],
    ['upstreams/none', 404, 'ADMIN_NOT_FOUND'],
    ['servers/none', 404, 'SERVER_NOT_FOUND'],
    ['servers/files/more', 404, 'ADMIN_NOT_FOUND'],
    ['reload', 405, 'HTTP_METHOD_NOT_ALLOWED'],
  ])('refuses GET %s with %i %s', async (path, status, code) => {
    expect(await ask(path)).toMatchObject({ status, body: { error: { code } } });
  });

  it('names the servers that there are where one is asked for that is not', async () => {
    const { body } = await ask('servers/none');
    expect(body).toMatchObject({ error: { message: expect.stringMatching(/There are: all\b.*\.$/) } });
  });

  it('names the methods that a path takes', async () => {
    expect((await ask('reload')).headers.get('allow')).toBe('POST');
    expect((await ask('status', { method: 'DELETE' })).headers.get('allow')).toBe('GET');
  });

  it.each(['', 'wrong', `${KEY}k`, KEY.slice(1), KEY.toUpperCase()])(
    'is closed to the key %j',
    async (key) => {
      let asked = 0;
      parts.status = () => {
        asked += 1;
        return STATUS;
      };
      const answer = await ask('status', {}, key);
      expect(answer).toMatchObject({ status: 401, body: { error: { code: 'ADMIN_KEY_REQUIRED' } } });
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect(JSON.stringify(answer.body)).not.toContain(KEY);
      expect(asked).toBe(0);
    },
  );

  it('is closed to web pages, those with the key and those of its own origin too', async () => {
    const answer = await ask('status', { headers: { origin: new URL(base).origin } });
    expect(answer).toMatchObject({ status: 403, body: { error: { code: 'ORIGIN_REFUSED' } } });
  });

  it('says nothing of a fault inside, and logs it', async () => {
    parts.status = () => {
      throw new TypeError('internal detail');
    };
    const answer = await ask('status');
    expect(answer).toMatchObject({ status: 500, body: { error: { code: 'INTERNAL_ERROR' } } });
    expect(JSON.stringify(answer.body)).not.toContain('internal detail');
    expect(errors).toEqual(['the admin API failed']);
  });
});
