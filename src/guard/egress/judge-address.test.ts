import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { judgeAddress } from './judge-address.ts';

const SPECIAL = [
  '0.0.0.0 0.255.255.255 100.100.100.200 127.0.0.1 127.255.255.254 168.63.129.16 169.254.0.1 169.254.169.254',
  '192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1',
  '239.255.255.255 240.0.0.1 255.255.255.255',
  ':: ::1 ::2 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:169.254.169.254 ::ffff:0:0',
  '::ffff:0:8.8.8.8 64:ff9b::127.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b::10.0.0.1 64:ff9b:1::8.8.8.8 64:ff9b:0:1::8.8.8.8',
  '100::1 100:0:0:1::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:1::1 2001:2::1 2001:10::1 2001:20::1',
  '2001:1ff::1 2001:db8::1 2002:7f00:1:: 2002:808:808::1 3fff::1 3fff:fff::1 4000::1 5f00::1 8000::1 fe80::1',
  'fe80::1%eth0 feb0::1 fec0::1 feff::1 ff02::1 fd00:ec2::254 fd20:ce::254',
].flatMap((line) => line.split(' '));
const PRIVATE =
  '10.0.0.1 100.64.0.1 172.16.0.1 172.31.255.255 192.168.1.1 ::ffff:10.0.0.1 fc00::1 fd12:3456::1';
const PUBLIC = [
  '1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 172.15.255.255',
  '172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255',
  '::ffff:8.8.8.8 64:ff9b::8.8.8.8 64:ff9b::808:808 2000::1 2001:200::1 2001:db9::1 2001:4860:4860::8888 2003::1',
  '2606:4700:4700::1111 3ffe::1 3fff:1000::1',
].flatMap((line) => line.split(' '));

it.each(SPECIAL)('%s is special', (address) => expect(judgeAddress(address)).toBe('special'));
it.each(PRIVATE.split(' '))('%s is private', (address) => expect(judgeAddress(address)).toBe('private'));
it.each(PUBLIC)('%s is public', (address) => expect(judgeAddress(address)).toBe('public'));
it.each(['', 'localhost', '1.2.3', '0x7f.1', '2130706433', '[::1]', '1.1.1.1 '])('%j is no address', (text) =>
  expect(judgeAddress(text)).toBe('special'),
);

test('IPv4 in IPv6 is what it is without, however it is written', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
      const groups = [(a << 8) | b, (c << 8) | d].map((group) => group.toString(16)).join(':');
      const kind = judgeAddress(address);
      for (const mapped of [`::ffff:${address}`, `::FFFF:${groups}`, `0:0:0:0:0:ffff:${groups}`])
        expect(judgeAddress(mapped)).toBe(kind);
      for (const translated of [`64:ff9b::${address}`, `0064:ff9b:0:0::${groups}`])
        expect(judgeAddress(translated)).toBe(kind === 'public' ? 'public' : 'special');
      for (const tunnelled of [`2002:${groups}::1`, `::${groups}`, `64:ff9b:1::${address}`])
        expect(judgeAddress(tunnelled)).toBe('special');
    }),
  );
});

test('outside 2000::/3 only what stands for IPv4 is public', () => {
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      if (judgeAddress(address) !== 'public') return;
      expect(new URL(`http://[${address}]/`).hostname).toMatch(/^\[(?:[23][0-9a-f]{3}:|::ffff:|64:ff9b::)/);
    }),
  );
});
