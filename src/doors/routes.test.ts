import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRouter, isServerPath, type Page, readTarget } from './routes.ts';

const page = (path: string): Page => ({ path, audience: 'own', handle: () => undefined });
const servers = [
  { name: 'all', path: '/mcp' },
  { name: 'files', path: '/servers/files/mcp' },
];

describe('createRouter', () => {
  const pages = [page('/admin/api/'), page('/healthz')];
  const route = createRouter(servers, { legacySse: true, pages });

  it.each([
    ['/mcp', { kind: 'mcp', server: 'all' }],
    ['/sse', { kind: 'sse', server: 'all' }],
    ['/sse/messages', { kind: 'sse-messages', server: 'all' }],
    ['/servers/files/mcp', { kind: 'mcp', server: 'files' }],
    ['/servers/files/sse', { kind: 'sse', server: 'files' }],
    ['/servers/files/sse/messages', { kind: 'sse-messages', server: 'files' }],
    ['/admin/api/', { kind: 'page', page: pages[0] }],
    ['/admin/api/servers/x', { kind: 'page', page: pages[0] }],
    ['/healthz', { kind: 'page', page: pages[1] }],
  ])('leads %s to its place', (path, expected) => expect(route(path)).toEqual(expected));

  it('leads any other path nowhere', () => {
    const known = /^\/(?:servers\/files\/)?(?:mcp|sse|sse\/messages)$|^\/admin\/api\/|^\/healthz$/;
    const part = fc.constantFrom(
      '/',
      'mcp',
      'sse',
      'messages',
      'servers',
      'files',
      'admin',
      'api',
      '..',
      '%2f',
      '',
      'healthz',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(part).map((parts) => `/${parts.join('/')}`),
        ),
        (path) => {
          expect(route(path) !== undefined).toBe(known.test(path));
        },
      ),
    );
  });
});

describe('isServerPath', () => {
  it('tells an unknown server from an unknown path', () => {
    for (const path of [
      '/servers/x/mcp',
      '/servers//sse',
      '/servers/x/sse/messages',
      '/servers/x/mcp/server-card',
    ])
      expect(isServerPath(path)).toBe(true);
    for (const path of ['/servers/x', '/servers/x/y/mcp', '/mcp', '/servers/x/mcp/'])
      expect(isServerPath(path)).toBe(false);
  });
});

describe('readTarget', () => {
  it.each([
    ['/mcp', '/mcp', '', undefined],
    ['/mcp?', '/mcp', '', undefined],
    ['/mcp?a=b?c', '/mcp', 'a=b?c', undefined],
    ['http://h:1/mcp?q', '/mcp', 'q', 'h:1'],
    ['HTTPS://h', '', '', 'h'],
    ['//evil/mcp', '//evil/mcp', '', undefined],
    ['*', '*', '', undefined],
    ['h:443', 'h:443', '', undefined],
    ['', '', '', undefined],
  ])('takes %j apart', (url, path, query, authority) =>
    expect(readTarget(url)).toEqual({ path, query, authority }),
  );

  it('loses nothing of a target in origin form', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const url = `/${text}`;
        const { path, query } = readTarget(url);
        expect(url.startsWith(query === '' ? path : `${path}?${query}`)).toBe(true);
      }),
    );
  });
});
