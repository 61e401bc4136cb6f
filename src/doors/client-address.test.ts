import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { addressSet, clientBehind, directClient } from './client-address.ts';

const isTrusted = addressSet(['10.0.0.0/8', '192.0.2.7', 'fd00::/8']);

function clientOf(peer: string, headers: Record<string, string>): ReturnType<typeof directClient> {
  const request = new IncomingMessage(new Socket());
  Object.assign(request.headers, headers);
  return clientBehind(directClient(peer), request, isTrusted);
}

describe('addressSet', () => {
  it.each(['10.1.2.3', '::ffff:10.1.2.3', '192.0.2.7', 'fd12::1'])('holds %s', (address) =>
    expect(isTrusted(address)).toBe(true),
  );
  it.each(['11.0.0.1', '192.0.2.8', '::1', 'fe80::1', 'localhost', '', '10.0.0.0/8'])(
    'does not hold %j',
    (address) => expect(isTrusted(address)).toBe(false),
  );
});

describe('clientBehind', () => {
  it('does not believe a peer that is no trusted proxy', () => {
    const client = clientOf('203.0.113.9', {
      'x-forwarded-for': '1.1.1.1',
      forwarded: 'for=1.1.1.1;host=evil.example',
    });
    expect(client).toEqual({
      address: '203.0.113.9',
      block: '203.0.113.9',
      proto: undefined,
      host: undefined,
    });
  });

  it('takes the last address that is no trusted proxy, whatever the client put before it', () => {
    expect(clientOf('10.0.0.1', { 'x-forwarded-for': '6.6.6.6, 203.0.113.5, 10.0.0.2' }).address).toBe(
      '203.0.113.5',
    );
    expect(clientOf('10.0.0.1', { forwarded: 'for=6.6.6.6, for=203.0.113.5, for=10.0.0.2' }).address).toBe(
      '203.0.113.5',
    );
  });

  it('takes the first proxy when all are trusted', () => {
    expect(clientOf('10.0.0.1', { 'x-forwarded-for': '10.0.0.3, 10.0.0.2' }).address).toBe('10.0.0.3');
  });

  it('stops at what is no address', () => {
    expect(clientOf('10.0.0.1', { 'x-forwarded-for': '203.0.113.5, unknown, 10.0.0.2' }).address).toBe(
      '10.0.0.2',
    );
    expect(clientOf('10.0.0.1', { 'x-forwarded-for': 'nonsense' }).address).toBe('10.0.0.1');
    expect(clientOf('10.0.0.1', { forwarded: 'for="' }).address).toBe('10.0.0.1');
  });

  it('believes neither header where they name different clients', () => {
    const headers = {
      'x-forwarded-for': '203.0.113.5',
      forwarded: 'for=6.6.6.6;host=evil.example;proto=https',
    };
    expect(clientOf('10.0.0.1', headers)).toEqual(directClient('10.0.0.1'));
  });

  it('takes scheme and host from the proxy', () => {
    expect(
      clientOf('10.0.0.1', {
        'x-forwarded-for': '203.0.113.5',
        'x-forwarded-proto': 'http, HTTPS',
        'x-forwarded-host': 'evil.example, mcp.example.com',
      }),
    ).toMatchObject({ proto: 'https', host: 'mcp.example.com' });
    expect(
      clientOf('10.0.0.1', { forwarded: 'for="[2001:db8::5]:99";proto=https;host=mcp.example.com' }),
    ).toEqual({
      address: '2001:db8::5',
      block: '2001:db8:0:0::/64',
      proto: 'https',
      host: 'mcp.example.com',
    });
    expect(
      clientOf('10.0.0.1', { 'x-forwarded-for': '1.1.1.1', 'x-forwarded-proto': 'gopher' }).proto,
    ).toBeUndefined();
  });

  it('reads IPv4 in IPv6 as IPv4', () => {
    expect(clientOf('::ffff:10.0.0.1', { 'x-forwarded-for': '::ffff:203.0.113.5' }).address).toBe(
      '203.0.113.5',
    );
  });
});
