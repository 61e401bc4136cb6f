import { expect, it } from 'vitest';
import { readConfig } from './load.ts';

async function secretsOf(upstreams: string, more = ''): Promise<readonly string[]> {
  const proxy = { http: undefined, https: undefined, all: undefined, none: undefined };
  const loaded = await readConfig(`${more}upstreams:\n  ${upstreams}\n`, {
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

it('the URLs of store and bus are secret, and so are the credentials in them', async () => {
  const more =
    'store: "postgres://me@db/x?password=db-secret&sslmode=require"\nbus: nats://me:bus-secret@nats\n';
  expect(await secretsOf('a: { command: x }', more)).toEqual([
    'postgres://me@db/x?password=db-secret&sslmode=require',
    'nats://me:bus-secret@nats',
    'bWU6YnVzLXNlY3JldA==',
    'bus-secret',
    'db-secret',
  ]);
});
