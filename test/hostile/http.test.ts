import { afterEach, describe, expect, it } from 'vitest';
import { type RawAnswer, RawConnection } from '../support/raw-http.ts';
import { type Change, type DoorTarget, startDoor } from './door-target.ts';
import { callBody, callHeaders, head, META, post } from './requests.ts';

const targets: DoorTarget[] = [];
const connections: RawConnection[] = [];

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.close();
  await Promise.all(targets.splice(0).map((target) => target.stop()));
});

async function start(change?: Change): Promise<DoorTarget> {
  const target = await startDoor(change);
  targets.push(target);
  return target;
}

async function open(target: DoorTarget): Promise<RawConnection> {
  const connection = await RawConnection.open(target.port);
  connections.push(connection);
  return connection;
}

async function ask(target: DoorTarget, bytes: string | Buffer): Promise<RawAnswer> {
  const connection = await open(target);
  connection.send(bytes);
  return connection.answer();
}

const json = (answer: RawAnswer) => JSON.parse(answer.body.toString('utf8'));
const header = (answer: RawAnswer, name: string) => answer.headers.get(name)?.join();

async function expectError(answer: RawAnswer, status: number, code: number): Promise<void> {
  expect({ status: answer.status, code: json(answer).error?.code }).toEqual({ status, code });
  expect(header(answer, 'content-type')).toBe('application/json');
  expect(json(answer).error.message).not.toBe('');
}

describe('a good request', () => {
  it('is answered with one JSON object', async () => {
    const answer = await ask(await start(), post());
    expect(answer.status).toBe(200);
    expect(header(answer, 'content-type')).toBe('application/json');
    expect(answer.body.toString()).toBe(
      '{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","server":"all","said":{}}}',
    );
  });

  it('keeps every byte of its id and of its arguments', async () => {
    const target = await start();
    const args =
      '{ "big" : 12345678901234567890.10, "é\\u0000": [1e999, -0.0],\n "__proto__":{"x":1},"t":"\\ud800" }';
    for (const id of [
      '9007199254740993',
      '-0',
      '"9007199254740993"',
      '"é\\u0041\\n"',
      '"日本"',
      '123456789012345678901234567890',
    ]) {
      const answer = await ask(target, post({ body: callBody('echo', args, id) }));
      expect(answer.body.toString()).toBe(
        `{"jsonrpc":"2.0","id":${id},"result":{"resultType":"complete","server":"all","said":${args}}}`,
      );
    }
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
  });

  it('reaches the server that its path names, with a query or in absolute form too', async () => {
    const target = await start();
    for (const path of ['/servers/one/mcp', '/servers/one/mcp?x=/mcp', 'http://localhost/servers/one/mcp']) {
      expect(json(await ask(target, post({ path }))).result.server).toBe('one');
    }
  });

  it('may come byte by byte', async () => {
    const target = await start({ bodyTimeoutMs: 5000 });
    const connection = await open(target);
    for (const byte of post()) {
      connection.send(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    expect((await connection.answer()).status).toBe(200);
  });

  it('may come in chunks, and after an interim answer', async () => {
    const body = callBody('echo');
    const chunks = [...body].map((char) => `1;x=y\r\n${char}\r\n`).join('');
    const bytes = post({
      body: '',
      headers: { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' },
    });
    const target = await start();
    expect(
      (await ask(target, Buffer.concat([bytes, Buffer.from(`${chunks}0\r\nX: y\r\n\r\n`)]))).status,
    ).toBe(200);
    expect((await ask(target, post({ lines: ['Expect: 100-continue'] }))).status).toBe(200);
  });

  it('may wait behind others on the same connection, and the answers keep their order', async () => {
    const target = await start();
    const connection = await open(target);
    const slow = post({ body: callBody('wait', '{"ms":80}', '1'), headers: callHeaders('wait') });
    const fast = (id: number) => post({ body: callBody('echo', '{}', String(id)) });
    connection.send(Buffer.concat([slow, fast(2), fast(3), post({ body: '{' }), fast(4)]));
    const answers: unknown[] = [];
    for (let n = 0; n < 5; n++) answers.push(json(await connection.answer()).id);
    expect(answers).toEqual([1, 2, 3, undefined, 4]);
  });
});

describe('headers', () => {
  it.each([
    ['Host: localhost'],
    ['Host: evil.example'],
    ['Content-Type: application/json'],
    ['Content-Type: text/plain'],
    ['MCP-Protocol-Version: 2026-07-28'],
    ['mcp-method: tools/call'],
    ['Mcp-Name: echo'],
    ['MCP-NAME: other'],
  ])('that stand twice are refused: %s', async (line) => {
    await expectError(await ask(await start(), post({ lines: [line] })), 400, 1005);
  });

  it.each([
    [['Authorization: Bearer a', 'Authorization: Bearer b']],
    [['Mcp-Session-Id: a', 'mcp-session-id: a']],
    [['Last-Event-ID: a', 'Last-Event-ID: b']],
    [['Mcp-Param-Region: eu', 'mcp-param-region: us']],
    [['Mcp-Session-Id: caf\u00e9']],
    [['Authorization: Bearer \u00ff']],
  ])('that stand twice or hold foreign bytes are refused: %j', async (lines) => {
    await expectError(await ask(await start(), post({ lines })), 400, 1005);
  });

  it('of other names may stand twice', async () => {
    expect((await ask(await start(), post({ lines: ['X-A: 1', 'X-A: 2', 'Accept: */*'] }))).status).toBe(200);
  });

  it.each([
    ['another method', { 'Mcp-Method': 'tools/list' }],
    ['a method in another case', { 'Mcp-Method': 'TOOLS/CALL' }],
    ['no method', { 'Mcp-Method': undefined }],
    ['another name', { 'Mcp-Name': 'other' }],
    ['two names in one', { 'Mcp-Name': 'echo, echo' }],
    ['no name', { 'Mcp-Name': undefined }],
    ['bad base64', { 'Mcp-Name': '=?base64?ZWNobw?=' }],
    ['base64 with foreign letters', { 'Mcp-Name': '=?base64?ZWN!!obw==?=' }],
    ['a name in Latin-1', { 'Mcp-Name': 'echo\u00e9' }],
    ['no version', { 'MCP-Protocol-Version': undefined }],
    ['another version', { 'MCP-Protocol-Version': '2025-11-25' }],
    ['two versions in one', { 'MCP-Protocol-Version': '2026-07-28, 2026-07-28' }],
  ])('that differ from the body are refused: %s', async (_what, headers) => {
    const answer = await ask(await start(), post({ headers }));
    await expectError(answer, 400, -32020);
    expect(json(answer).id).toBe(1);
  });

  it('may be in any case, have blanks around their values, and be encoded', async () => {
    const headers = {
      'Mcp-Name': undefined,
      'mCP-nAME': '  =?base64?ZWNobw==?=\t',
      'Mcp-Method': undefined,
      'MCP-METHOD': 'tools/call',
    };
    expect((await ask(await start(), post({ headers }))).status).toBe(200);
  });

  it('that are too large are refused', async () => {
    const answer = await ask(await start(), post({ lines: [`X-Large: ${'x'.repeat(40_000)}`] }));
    await expectError(answer, 431, 1017);
    expect(header(answer, 'connection')).toBe('close');
  });

  it('are all read, however many there are', async () => {
    const lines = [...Array.from({ length: 3000 }, (_, n) => `a${n}:`), 'Mcp-Name: other'];
    await expectError(await ask(await start(), post({ lines })), 400, 1005);
  });
});

describe('the framing', () => {
  it.each([
    [
      'Content-Length with Transfer-Encoding',
      post({
        body: '0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n',
        headers: { 'Content-Length': '5' },
        lines: ['Transfer-Encoding: chunked'],
      }),
    ],
    ['two Content-Lengths', post({ lines: ['Content-Length: 5'] })],
    ['a list of Content-Lengths', post({ headers: { 'Content-Length': '5, 5' } })],
    ['a signed Content-Length', post({ headers: { 'Content-Length': '+5' } })],
    ['a hexadecimal Content-Length', post({ headers: { 'Content-Length': '0x5' } })],
    [
      'an unknown Transfer-Encoding',
      post({ headers: { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked, gzip' } }),
    ],
    ['a blank before the colon', post({ lines: ['Mcp-Session-Id : a'] })],
    ['a folded line', post({ lines: ['X-A: a', ' b: c'] })],
    ['a bare CR in a value', post({ lines: ['X-A: a\rMcp-Name: other'] })],
    ['a NUL in a value', post({ lines: ['X-A: a\0b'] })],
    ['no HTTP', 'hello\r\n\r\n'],
    ['a TLS hello', Buffer.from('16030100c8010000c4030300', 'hex')],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    [
      'a bad chunk size',
      post({
        body: 'zz\r\n{}\r\n0\r\n\r\n',
        headers: { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' },
      }),
    ],
  ])('is refused and the connection closed: %s', async (_what, bytes) => {
    const target = await start();
    const connection = await open(target);
    connection.send(bytes);
    await expectError(await connection.answer(), 400, 1018);
    await connection.closed();
    expect(connection.received.toString('latin1')).toBe('');
    expect(target.running.size).toBe(0);
  });

  it('of a body cut short gives nobody an answer, and nothing is left of it', async () => {
    const target = await start();
    const connection = await RawConnection.open(target.port);
    connection.send(post().subarray(0, -5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    connection.close();
    expect((await ask(target, post())).status).toBe(200);
    expect(target.running.size).toBe(0);
  });

  it('of a head that never ends is left to the timeout of heads', async () => {
    const target = await start();
    const connection = await open(target);
    connection.send('POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-A: ');
    expect((await ask(target, post())).status).toBe(200);
  });
});

describe('the body', () => {
  it.each([
    ['nothing', '', 'syntax'],
    ['half an object', '{"jsonrpc":', 'syntax'],
    ['two values', `${callBody('echo')}{}`, 'syntax'],
    ['a comment', `/* */${callBody('echo')}`, 'syntax'],
    ['a trailing comma', '{"a":1,}', 'syntax'],
    ['NaN', '{"a":NaN}', 'syntax'],
    ['a raw control character', '{"a":"\u0001"}', 'syntax'],
    ['a byte order mark', `\ufeff${callBody('echo')}`, 'syntax'],
    ['bytes that are not UTF-8', Buffer.from('7b2261223a22ff227d', 'hex'), 'utf8'],
    ['UTF-16', Buffer.from(callBody('echo'), 'utf16le'), 'syntax'],
    ['an overlong encoding', Buffer.from('7b2261223a22c0af227d', 'hex'), 'utf8'],
    ['a key twice', '{"jsonrpc":"2.0","id":1,"id":2,"method":"x"}', 'duplicate-key'],
    ['a key twice, once escaped', '{"method":"a","\\u006dethod":"b"}', 'duplicate-key'],
    ['a key twice deep inside', callBody('echo', '{"a":[{"b":1,"b":2}]}'), 'duplicate-key'],
    ['__proto__ twice', callBody('echo', '{"__proto__":1,"__proto__":2}'), 'duplicate-key'],
    ['arrays in arrays', '['.repeat(40_000), 'depth'],
    ['objects in objects', '{"a":'.repeat(15_000), 'depth'],
    ['depth beyond the limit', `${'['.repeat(200)}${']'.repeat(200)}`, 'depth'],
  ])('is refused where it is no strict JSON: %s', async (_what, body, reason) => {
    const answer = await ask(await start(), post({ body }));
    await expectError(answer, 400, -32700);
    expect(json(answer).error.data.reason).toBe(reason);
    expect(json(answer)).not.toHaveProperty('id');
  });

  it.each([
    ['a number', '5'],
    ['null', 'null'],
    ['an empty object', '{}'],
    ['an empty array', '[]'],
    ['an array', `[${callBody('echo')}]`],
    ['another JSON-RPC', '{"jsonrpc":"1.0","method":"x"}'],
    ['a null id', '{"jsonrpc":"2.0","id":null,"method":"x"}'],
    ['a fraction as id', '{"jsonrpc":"2.0","id":1.5,"method":"x"}'],
    ['a response', '{"jsonrpc":"2.0","id":1,"result":{}}'],
    ['an error', '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}'],
    ['params in an array', '{"jsonrpc":"2.0","id":null,"method":"x","params":[]}'],
  ])('is refused where it is no request: %s', async (_what, body) => {
    const answer = await ask(await start(), post({ body }));
    await expectError(answer, 400, -32600);
    expect(json(answer)).not.toHaveProperty('id');
  });

  it('without the envelope under a modern header is refused, with its id', async () => {
    const answer = await ask(
      await start(),
      post({ body: '{"jsonrpc":"2.0","id":"é","method":"tools/call","params":{}}' }),
    );
    await expectError(answer, 400, -32602);
    expect(json(answer).id).toBe('é');
  });

  it('of a version that is not served is told which are', async () => {
    const meta = { ...META, 'io.modelcontextprotocol/protocolVersion': '2099-01-01' };
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'server/discover',
      params: { _meta: meta },
    });
    const answer = await ask(
      await start(),
      post({ body, headers: { 'MCP-Protocol-Version': '2099-01-01' } }),
    );
    await expectError(answer, 400, -32022);
    expect(json(answer).error.data).toEqual({ supported: ['2026-07-28'], requested: '2099-01-01' });
  });

  it('of a notification is accepted without an answer', async () => {
    const answer = await ask(await start(), post({ body: '{"jsonrpc":"2.0","method":"notifications/x"}' }));
    expect(answer.status).toBe(202);
    expect(answer.body.length).toBe(0);
  });

  it('that is legacy goes to the legacy door', async () => {
    const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
    const answer = await ask(await start(), post({ body, headers: { 'MCP-Protocol-Version': undefined } }));
    expect(json(answer)).toEqual({ legacy: 'all' });
  });

  it.each([
    [undefined],
    ['text/plain'],
    ['application/json; charset=utf-16'],
    ['application/jsonp'],
    ['multipart/form-data; boundary=x'],
    ['application/x-www-form-urlencoded'],
  ])('of content type %j is refused', async (type) => {
    await expectError(await ask(await start(), post({ headers: { 'Content-Type': type } })), 415, 1007);
  });

  it('that is compressed is refused', async () => {
    await expectError(await ask(await start(), post({ lines: ['Content-Encoding: gzip'] })), 415, 1007);
  });

  it('may have any spelling of its content type', async () => {
    const answer = await ask(
      await start(),
      post({ headers: { 'Content-Type': 'Application/JSON;Charset="UTF-8"' } }),
    );
    expect(answer.status).toBe(200);
  });
});

describe('a body too large', () => {
  it('is refused by its length before it is sent', async () => {
    const connection = await open(await start());
    connection.send(post({ headers: { 'Content-Length': '999999999999' }, body: '' }));
    const answer = await connection.answer();
    await expectError(answer, 413, 1006);
    expect(header(answer, 'connection')).toBe('close');
    await connection.closed();
  });

  it('is refused while it is sent, and the client can read why', async () => {
    const connection = await open(await start());
    connection.send(
      post({ headers: { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' }, body: '' }),
    );
    for (let n = 0; n < 300; n++) connection.send(`1000\r\n${'x'.repeat(4096)}\r\n`);
    await expectError(await connection.answer(), 413, 1006);
    await connection.closed();
  });

  it('is taken up to the last byte of the limit', async () => {
    const target = await start();
    const bare = callBody('echo', '""').length;
    const fits = callBody('echo', `"${'x'.repeat(100_000 - bare)}"`);
    expect((await ask(target, post({ body: fits }))).status).toBe(200);
    await expectError(await ask(target, post({ body: `${fits} ` })), 413, 1006);
  });
});

describe('a slow body', () => {
  it('is refused when its time is over', async () => {
    const connection = await open(await start());
    connection.send(post().subarray(0, -3));
    const answer = await connection.answer();
    await expectError(answer, 408, 1012);
    expect(header(answer, 'connection')).toBe('close');
    await connection.closed();
  });

  it('is refused however steadily it drips', async () => {
    const connection = await open(await start());
    const bytes = post({ headers: { 'Content-Length': '90000' } });
    connection.send(bytes);
    const drip = setInterval(() => connection.send(' '), 20);
    try {
      await expectError(await connection.answer(), 408, 1012);
    } finally {
      clearInterval(drip);
    }
  });
});

describe('names and origins', () => {
  it.each(['localhost', 'LOCALHOST:3232', '127.0.0.1:99', '[::1]:3232', 'gateway.lan', 'gateway.lan:1'])(
    'may be the host %s',
    async (host) => {
      expect((await ask(await start(), post({ headers: { Host: host } }))).status).toBe(200);
    },
  );

  it.each(['evil.example', 'localhost.evil.example', 'localhost@evil.example', '127.1', '0', ''])(
    'may not be the host %j',
    async (host) => {
      await expectError(await ask(await start(), post({ headers: { Host: host } })), 403, 1004);
    },
  );

  it('refuses an Origin that stands twice', async () => {
    const lines = ['Origin: https://app.example', 'Origin: https://app.example'];
    await expectError(await ask(await start(), post({ lines })), 403, 1003);
  });

  it('needs a Host', async () => {
    await expectError(await ask(await start(), post({ headers: { Host: undefined } })), 400, 1005);
  });

  it('checks the authority of an absolute target in place of Host', async () => {
    await expectError(await ask(await start(), post({ path: 'http://evil.example/mcp' })), 403, 1004);
  });

  it.each(['http://localhost', 'https://app.example'])('lets pages of %s call and read', async (origin) => {
    const answer = await ask(await start(), post({ headers: { Origin: origin } }));
    expect(answer.status).toBe(200);
    expect(header(answer, 'access-control-allow-origin')).toBe(origin);
    expect(header(answer, 'access-control-expose-headers')).toContain('Mcp-Session-Id');
  });

  it.each([
    'https://evil.example',
    'null',
    'http://localhost:8080',
    'https://localhost',
    'http://app.example',
    'https://app.example.evil.example',
    '',
  ])('refuses pages of %j', async (origin) => {
    const answer = await ask(await start(), post({ headers: { Origin: origin } }));
    await expectError(answer, 403, 1003);
    expect(answer.headers.has('access-control-allow-origin')).toBe(false);
  });

  it('answers preflights of allowed origins alone', async () => {
    const target = await start();
    const preflight = (origin: string) =>
      head('OPTIONS', '/mcp', [
        `Origin: ${origin}`,
        'Access-Control-Request-Method: POST',
        'Access-Control-Request-Headers: content-type, mcp-param-region, x-evil',
      ]);
    const allowed = await ask(target, preflight('https://app.example'));
    expect(allowed.status).toBe(204);
    expect(header(allowed, 'access-control-allow-methods')).toBe('GET, POST, DELETE');
    expect(header(allowed, 'access-control-allow-headers')).toBe('content-type, mcp-param-region');
    expect((await ask(target, preflight('https://evil.example'))).status).toBe(403);
  });
});

describe('paths and methods', () => {
  it.each([
    ['/', 1010],
    ['/MCP', 1010],
    ['/mcp/', 1010],
    ['//mcp', 1010],
    ['/%6dcp', 1010],
    ['/x/../mcp', 1010],
    ['/mcp%00', 1010],
    ['*', 1010],
    ['/constructor', 1010],
    ['/__proto__', 1010],
    ['/servers/two/mcp', 1011],
    ['/servers/constructor/mcp', 1011],
    ['/servers//mcp', 1011],
  ])('has nothing at %s', async (path, code) => {
    await expectError(await ask(await start(), post({ path })), 404, code);
  });

  it.each([
    ['GET', '/mcp', 'POST'],
    ['DELETE', '/mcp', 'POST'],
    ['PUT', '/mcp', 'POST'],
    ['PATCH', '/servers/one/mcp', 'POST'],
    ['POST', '/sse', 'GET'],
    ['GET', '/sse/messages', 'POST'],
  ])('refuses %s %s and says what is offered', async (method, path, allow) => {
    const answer = await ask(await start(), head(method, path, ['Content-Length: 0']));
    await expectError(answer, 405, 1009);
    expect(header(answer, 'allow')).toBe(allow);
  });

  it('gives GET and DELETE of a legacy session to the legacy door', async () => {
    const target = await start();
    for (const method of ['GET', 'DELETE']) {
      expect(json(await ask(target, head(method, '/mcp', ['Mcp-Session-Id: x'])))).toEqual({ legacy: 'all' });
    }
    expect(json(await ask(target, head('GET', '/servers/one/sse')))).toEqual({ legacy: 'one' });
  });

  it('has no HTTP+SSE unless asked for', async () => {
    await expectError(await ask(await start({ legacySse: false }), head('GET', '/sse')), 404, 1010);
  });
});

describe('what the client accepts', () => {
  it.each([['text/html'], ['application/json;q=0, text/event-stream;q=0'], ['image/*']])(
    'is refused where it is no form of the answer: %s',
    async (accept) => {
      const answer = await ask(await start(), post({ headers: { Accept: accept } }));
      await expectError(answer, 406, 1008);
      expect(json(answer).id).toBe(1);
    },
  );

  it.each([[undefined], ['*/*'], ['application/json'], ['']])('may be %j', async (accept) => {
    expect((await ask(await start(), post({ headers: { Accept: accept } }))).status).toBe(200);
  });

  it('decides the form of a quick answer', async () => {
    const answer = await ask(await start(), post({ headers: { Accept: 'text/event-stream' } }));
    expect(header(answer, 'content-type')).toBe('text/event-stream');
    expect(answer.body.toString()).toMatch(
      /^event: message\ndata: \{"jsonrpc":"2.0","id":1,"result".*\}\n\n$/,
    );
  });
});

describe('the limit per address', () => {
  const limited = { perAddress: { requestsPerSecond: 1, burst: 3 } };

  it('refuses with 429 and says when to come back', async () => {
    const connection = await open(await start(limited));
    for (let n = 0; n < 3; n++) {
      connection.send(post());
      expect((await connection.answer()).status).toBe(200);
    }
    connection.send(post());
    const answer = await connection.answer();
    await expectError(answer, 429, 1001);
    expect(header(answer, 'retry-after')).toBe('1');
  });

  it('counts the client that a trusted proxy names, and nobody else believes in', async () => {
    const from = (address: string) => post({ lines: [`X-Forwarded-For: ${address}`] });
    const behind = await start({ ...limited, trustedProxies: ['127.0.0.0/8'] });
    for (let n = 0; n < 8; n++) expect((await ask(behind, from(`203.0.113.${n}`))).status).toBe(200);
    const direct = await start(limited);
    const statuses: number[] = [];
    for (let n = 0; n < 4; n++) statuses.push((await ask(direct, from(`203.0.113.${n}`))).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
  });
});

describe('errors of the pipeline', () => {
  it('have the status of their code and Retry-After', async () => {
    const target = await start();
    const refused = await ask(target, post({ body: callBody('refuse'), headers: callHeaders('refuse') }));
    await expectError(refused, 429, 1001);
    expect(header(refused, 'retry-after')).toBe('3');
    const unknown = await ask(target, post({ body: callBody('nothing'), headers: callHeaders('nothing') }));
    await expectError(unknown, 200, -32602);
    expect(json(unknown).id).toBe(1);
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', params: { _meta: META } });
    const gone = await ask(target, post({ body, headers: { 'Mcp-Method': 'ping', 'Mcp-Name': undefined } }));
    await expectError(gone, 404, -32601);
  });
});
