import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { growsInLine } from '../../test/support/growth.ts';
import { lastOf, nodeAddress, parseForwarded, parseForwardedFor } from './forwarded.ts';

describe('parseForwarded', () => {
  it('reads the examples of RFC 7239 §4', () => {
    expect(parseForwarded('For="[2001:db8:cafe::17]:4711"')).toEqual([
      { address: '2001:db8:cafe::17', proto: undefined, host: undefined },
    ]);
    expect(parseForwarded('for=192.0.2.60;proto=http;by=203.0.113.43')).toEqual([
      { address: '192.0.2.60', proto: 'http', host: undefined },
    ]);
    expect(parseForwarded('for=192.0.2.43, for=198.51.100.17;host="a.example:8443"')).toEqual([
      { address: '192.0.2.43', proto: undefined, host: undefined },
      { address: '198.51.100.17', proto: undefined, host: 'a.example:8443' },
    ]);
    expect(parseForwarded('for="_gazonk", for=unknown')?.map((hop) => hop.address)).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('is not misled by separators in quotes', () => {
    expect(parseForwarded('for="1.2.3.4, for=6.6.6.6";host="a;b\\"c"')).toEqual([
      { address: '1.2.3.4, for=6.6.6.6', proto: undefined, host: 'a;b"c' },
    ]);
  });

  it.each([
    'for',
    'for="1.2.3.4',
    'for=1.2.3.4;for=5.6.7.8',
    '=x',
    'for=a b',
    'for="a"b',
    'f\u00fcr=1.2.3.4',
  ])('refuses %j', (header) => expect(parseForwarded(header)).toBeUndefined());

  it('refuses more elements than any chain has', () => {
    expect(parseForwarded(Array(64).fill('for=a').join())).toHaveLength(64);
    expect(parseForwarded(Array(65).fill('for=a').join())).toBeUndefined();
    expect(parseForwardedFor(Array(65).fill('1.2.3.4').join())).toBeUndefined();
  });

  it('reads what it is written', () => {
    const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
    const host = fc.string({ unit: 'grapheme-ascii', minLength: 1 });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.ipV6(), host), { minLength: 1, maxLength: 10 }), (pairs) => {
        const header = pairs.map(([ip, name]) => `for="[${ip}]:1";host=${quoted(name)}`).join(' , ');
        expect(parseForwarded(header)).toEqual(
          pairs.map(([address, name]) => ({ address, host: name, proto: undefined })),
        );
      }),
    );
  });

  it('takes any text without throwing, in linear time', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseForwarded(text)));
    for (const part of ['a="', ' ', 'for=a;']) {
      expect(growsInLine(60_000, (size) => void parseForwarded(part.repeat(size / part.length)))).toBe(true);
    }
  });
});

describe('parseForwardedFor', () => {
  it('reads addresses with and without ports', () => {
    expect(parseForwardedFor('1.2.3.4, 5.6.7.8:99 ,::1,[2001:db8::1]:80, unknown,')).toEqual([
      '1.2.3.4',
      '5.6.7.8',
      '::1',
      '2001:db8::1',
      undefined,
      undefined,
    ]);
  });
});

describe('nodeAddress', () => {
  it.each(['[::1', '[]', '[::1]x', '[::1]:', '1.2.3.4:', '1.2.3.4:x', '_hidden', 'unknown', ''])(
    'finds none in %j',
    (node) => expect(nodeAddress(node)).toBeUndefined(),
  );
});

describe('lastOf', () => {
  it('gives the last value of a list', () => {
    expect(lastOf('https')).toBe('https');
    expect(lastOf('https, http ')).toBe('http');
  });
});
