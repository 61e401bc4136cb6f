/** Malformed and hostile requests over bare sockets, through the whole gateway to a real server behind it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startModernHttp } from '../fixtures/servers/modern-http.ts';
import { callBody, META, post } from '../hostile/requests.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { type RawAnswer, RawConnection } from '../support/raw-http.ts';

const PATH = '/servers/modern/mcp';
let upstream: Awaited<ReturnType<typeof startModernHttp>>;
let gateway: RunningGateway;

beforeAll(async () => {
  upstream = await startModernHttp();
  gateway = await startGateway({
    configText: `listen: { port: 0 }\nupstreams: { modern: { url: "${upstream.url}" } }\n`,
  });
});

afterAll(async () => {
  await gateway?.stop();
  await upstream?.stop();
});

async function ask(bytes: string | Buffer): Promise<RawAnswer> {
  const connection = await RawConnection.open(gateway.port);
  try {
    connection.send(bytes);
    return await connection.answer();
  } finally {
    connection.close();
  }
}

const good = (sketch: Parameters<typeof post>[0] = {}) =>
  post({ path: PATH, body: callBody('echo', '{"text":"hi"}'), ...sketch });
const call = (params: string) =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{${params},"_meta":${JSON.stringify(META)}}}`;

describe('a hostile request', () => {
  it.each<[what: string, bytes: () => Buffer | string, status: number, code: number]>([
    ['a body that is no JSON', () => good({ body: '{"jsonrpc":' }), 400, -32700],
    ['a key that stands twice', () => good({ body: call('"name":"echo","name":"slow"') }), 400, -32700],
    ['a text nested too deeply', () => good({ body: `${'['.repeat(5000)}${']'.repeat(5000)}` }), 400, -32700],
    ['bytes that are not UTF-8', () => good({ body: Buffer.from([0x22, 0xff, 0x22]) }), 400, -32700],
    ['a body larger than the limit', () => good({ body: `"${'x'.repeat(5_000_000)}"` }), 413, 1006],
    ['another media type', () => good({ headers: { 'Content-Type': 'text/plain' } }), 415, 1007],
    ['a batch of the modern era', () => good({ body: `[${callBody('echo')}]` }), 400, -32600],
    ['a response', () => good({ body: '{"jsonrpc":"2.0","id":1,"result":{}}' }), 400, -32600],
    ['a null id', () => good({ body: callBody('echo', '{}', 'null') }), 400, -32600],
    ['another method in the header', () => good({ headers: { 'Mcp-Method': 'tools/list' } }), 400, -32020],
    ['another name in the header', () => good({ headers: { 'Mcp-Name': 'slow' } }), 400, -32020],
    ['base64 that is none', () => good({ headers: { 'Mcp-Name': '=?base64?ZWNobw?=' } }), 400, -32020],
    ['a name twice', () => good({ lines: ['Mcp-Name: echo'] }), 400, 1005],
    ['a foreign Host', () => good({ headers: { Host: 'evil.example' } }), 403, 1004],
    ['a foreign Origin', () => good({ lines: ['Origin: https://evil.example'] }), 403, 1003],
    ['a path that is none', () => good({ path: '/servers/none/mcp' }), 404, 1011],
    ['two lengths', () => good({ lines: ['Content-Length: 5'] }), 400, 1018],
  ])('with %s is refused with its status and code', async (_, bytes, status, code) => {
    const answer = await ask(bytes());
    const body = JSON.parse(answer.body.toString('utf8'));
    expect({ status: answer.status, code: body.error?.code }).toEqual({ status, code });
    expect(body.error.message).not.toMatch(/node:|\.[jt]s:|\n/);
  });

  it('leaves nothing behind: arguments pass, prototypes stay, and the next call is answered', async () => {
    const args = '{"text":"hi","__proto__":{"polluted":true},"big":12345678901234567890}';
    const answer = await ask(good({ body: callBody('echo', args) }));
    expect(answer.status).toBe(200);
    for (let n = 0; n < 50; n++) {
      const connection = await RawConnection.open(gateway.port);
      connection.send(good().subarray(0, 40 + n * 8));
      connection.close();
    }
    expect((await ask(good())).status).toBe(200);
    expect(gateway.stderr()).not.toContain('"level":"error"');
  });
});
