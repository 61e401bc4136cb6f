import { expect, it } from 'vitest';
import { readConfig } from './load.ts';

async function secretsOf(upstreams: string): Promise<readonly string[]> {
  const proxy = { http: undefined, https: undefined, all: undefined, none: undefined };
  const loaded = await readConfig(`upstreams:\n  ${upstreams}\n`, {
    file: 'x.yaml',
    env: { variables: { SHORT: 'abc', LONG: 'long-secret' }, proxy },
  });
  return loaded.secrets;
}

it.each([
  ['a: { url: "http://x", headers: { Authorization: Bearer abcdefgh } }', ['Bearer abcdefgh', 'abcdefgh']],
  ['a: { url: "http://x", headers: { X-Api-Key: abcdefgh, X-Tenant: acme-corp } }', ['abcdefgh']],
  ['a: { command: x, env: { DB_PASSWORD: abcdefgh, LOG_LEVEL: verbose } }', ['abcdefgh']],
  ['a: { command: x, args: ["--key=${LONG}", "${SHORT}"] }', ['long-secret']],
  ['a: { url: "http://x", proxy: "http://me:p%40ssword@y" }', ['bWU6cEBzc3dvcmQ=', 'p%40ssword', 'p@ssword']],
  ['a: { url: "http://x", proxy: "http://me:p%zzssword@y" }', ['bWU6cCV6enNzd29yZA==', 'p%zzssword']],
  ['a: { url: "http://x", proxy: "http://y" }', []],
])('%s holds %j', async (upstreams, secrets) => {
  expect(await secretsOf(upstreams)).toEqual(secrets);
});
