import { expect, it } from 'vitest';
import { chooseProxy } from './choose-proxy.ts';
import type { ProxyVariables } from './types.ts';

const BOTH: ProxyVariables = { http: 'http://h:1', https: 'http://s:1', all: undefined, none: undefined };

function way(url: string, variables: Partial<ProxyVariables>): string {
  const choice = chooseProxy(url, { ...BOTH, ...variables });
  return choice.kind === 'proxy' ? choice.url : choice.kind;
}

it.each([
  ['https://x/', {}, 'http://s:1'],
  ['http://x/', {}, 'http://h:1'],
  ['http://x/', { http: undefined }, 'direct'],
  ['http://x/', { http: undefined, all: 'http://a:1' }, 'http://a:1'],
  ['http://x/', { http: 'h:1' }, 'http://h:1'],
  ['http://x/', { http: 'socks5://h:1' }, 'fault'],
  ['http://x/', { http: 'socks5://h:1', none: 'x' }, 'direct'],
  ['http://localhost:1/', {}, 'direct'],
  ['http://127.9.9.9/', {}, 'direct'],
  ['http://[::1]/', {}, 'direct'],
  ['http://x/', { none: '*' }, 'direct'],
  ['http://a.example.com/', { none: 'example.com' }, 'direct'],
  ['http://example.com/', { none: '.example.com' }, 'direct'],
  ['http://a.example.com/', { none: '*.EXAMPLE.com.' }, 'direct'],
  ['http://badexample.com/', { none: 'example.com' }, 'http://h:1'],
  ['http://x/', { none: 'x:81' }, 'http://h:1'],
  ['http://x:81/', { none: 'x:81' }, 'direct'],
  ['https://x/', { none: 'y, x:443' }, 'direct'],
  ['http://10.1.2.3/', { none: '10.0.0.0/8' }, 'direct'],
  ['http://11.1.2.3/', { none: '10.0.0.0/8' }, 'http://h:1'],
  ['http://[fd00::5]/', { none: 'fd00::/8' }, 'direct'],
  ['http://x/', { none: ' , ,' }, 'http://h:1'],
])('%s with %j goes %s', (url, variables, expected) => {
  expect(way(url, variables)).toBe(expected);
});
