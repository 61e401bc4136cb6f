import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowedOriginSet, createHostCheck } from './host-names.ts';

const isKnown = createHostCheck({
  host: '192.168.1.5',
  publicUrl: 'https://mcp.example.com',
  allowedHosts: ['gateway.lan', 'other.lan:8443', '[fd00::1]'],
});

describe('createHostCheck', () => {
  it.each([
    'localhost',
    'localhost:3232',
    'LOCALHOST:1',
    'localhost.:3232',
    '127.0.0.1:3232',
    '[::1]',
    '[::1]:3232',
    '192.168.1.5:3232',
    'mcp.example.com',
    'MCP.example.com',
    'mcp.example.com:443',
    'gateway.lan:9',
    'other.lan:8443',
    '[fd00::1]:80',
  ])('knows %s, once and again', (host) => {
    expect(isKnown(host)).toBe(true);
    expect(isKnown(host)).toBe(true);
  });

  it.each([
    '',
    'evil.example',
    'localhost.evil.example',
    'evil.example:3232',
    'mcp.example.com:8443',
    'other.lan',
    'other.lan:8444',
    '127.0.0.1.evil.example',
    '127.0.0.1@evil.example',
    'localhost:3232@evil.example',
    'localhost:',
    'localhost:x',
    'localhost:123456',
    '127.1',
    '2130706433',
    '[::1',
    '::1',
    'localhost, evil.example',
    'localhost/',
    ':3232',
  ])('does not know %j', (host) => expect(isKnown(host)).toBe(false));

  it('takes the names of a wildcard address from the operator alone', () => {
    const check = createHostCheck({ host: '0.0.0.0', publicUrl: undefined, allowedHosts: [] });
    expect(check('0.0.0.0:3232')).toBe(false);
    expect(createHostCheck({ host: '::', publicUrl: undefined, allowedHosts: [] })('[::]:3232')).toBe(false);
  });

  it('knows nothing but its names, whatever is sent', () => {
    const check = createHostCheck({ host: '::1', publicUrl: undefined, allowedHosts: [] });
    const known = /^(localhost\.?|127\.0\.0\.1\.?|\[::1\])(:\d{1,5})?$/i;
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.domain(), fc.ipV4(), fc.ipV6()),
        (host) => check(host) === known.test(host),
      ),
    );
  });
});

describe('allowedOriginSet', () => {
  it('writes origins as browsers do', () => {
    expect([
      ...allowedOriginSet('https://MCP.example.com:443/base', [
        'HTTPS://App.example:443',
        'http://a.example:80',
        'http://a.example:8080',
        'vscode-webview://x',
      ]),
    ]).toEqual([
      'https://mcp.example.com',
      'https://app.example',
      'http://a.example',
      'http://a.example:8080',
      'vscode-webview://x',
    ]);
  });
});
