import { expect, it } from 'vitest';
import { isInNetwork, isLoopbackHost } from './address.ts';

it.each([
  '127.0.0.1',
  '127.255.0.1',
  '::1',
  '[::1]',
  '0:0:0:0:0:0:0:1',
  '::ffff:127.0.0.1',
  'localhost',
  'LOCALHOST.',
])('%s is loopback', (host) => {
  expect(isLoopbackHost(host)).toBe(true);
});

it.each(['0.0.0.0', '::', '128.0.0.1', '127.1', '2130706433', '::2', 'localhost.example.com', '', 'x'])(
  '%s is not loopback',
  (host) => {
    expect(isLoopbackHost(host)).toBe(false);
  },
);

it('an address is in the network that it equals', () => {
  expect(isInNetwork('192.0.2.1', '192.0.2.1')).toBe(true);
  expect(isInNetwork('192.0.2.2', '192.0.2.1')).toBe(false);
  expect(isInNetwork('192.0.2.1', 'fd00::/8')).toBe(false);
});
