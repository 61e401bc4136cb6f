import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GatewardError } from '../errors.ts';
import { loadConfig, readConfig } from './load.ts';
import type { Environment, LoadedConfig } from './types.ts';

const FILE = join(import.meta.dirname, 'golden', 'test.yaml');

function environment(
  variables: Record<string, string> = {},
  https?: string,
): Pick<Environment, 'variables' | 'proxy'> {
  return { variables, proxy: { http: undefined, https, all: undefined, none: undefined } };
}

function read(text: string, variables?: Record<string, string>): Promise<LoadedConfig> {
  return readConfig(text, { file: FILE, env: environment(variables) });
}

async function refusal(reading: Promise<unknown>): Promise<GatewardError> {
  const error = await reading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof GatewardError))
    throw new TypeError('the configuration was not refused', { cause: error });
  return error;
}

/** The problems as `line:column key: message`. */
async function problems(text: string, variables?: Record<string, string>): Promise<string[]> {
  const { message } = await refusal(read(text, variables));
  return message
    .split('\n')
    .slice(1)
    .map((line) => line.replace(`  ${FILE}:`, ''));
}

describe('each fault says where it is and what to do', () => {
  const upstream = (line: string): string => `upstreams:\n  a:\n    ${line}\n`;
  const cases: readonly (readonly [fault: string, text: string, problem: string])[] = [
    ['a slip in a key', 'listen:\n  prot: 1\n', '2:3 listen.prot: Unknown key "prot". Did you mean "port"?'],
    ['a key at the wrong place', 'port: 1\n', '1:1 port: Unknown key "port". It belongs at "listen.port".'],
    [
      'a key of another program',
      'mcpServers: {}\n',
      '1:1 mcpServers: Unknown key "mcpServers". Did you mean "upstreams"?',
    ],
    [
      'a key without its unit',
      upstream('{ url: "http://x", timeout: 5 }'),
      '3:24 upstreams.a.timeout: Unknown key "timeout". Did you mean "timeoutMs"?',
    ],
    [
      'a key like nothing',
      'log: { zzzzzz: 1 }\n',
      '1:8 log.zzzzzz: Unknown key "zzzzzz". Known here: level, format.',
    ],
    ['text for a number', 'listen: { port: "80" }\n', '1:11 listen.port: Must be a whole number, not text.'],
    [
      'a fraction',
      'listen: { port: 80.5 }\n',
      '1:11 listen.port: Must be a whole number, not a number with a fraction.',
    ],
    ['a number out of bounds', 'listen: { port: 70000 }\n', '1:11 listen.port: Must be at most 65535.'],
    [
      'a number for text',
      upstream('{ command: x, args: [8080] }'),
      '3:26 upstreams.a.args[0]: Must be text, not a number; put it in quotes.',
    ],
    [
      'a word outside the list',
      'log: { level: loud }\n',
      '1:8 log.level: Must be one of: trace, debug, info, warn, error, fatal, silent.',
    ],
    ['empty text', upstream('{ command: "" }'), '3:7 upstreams.a.command: Must not be empty.'],
    ['a list at the top', '[1]\n', '1:1 Must be a map of keys, not a list.'],
    [
      'a bad name',
      'upstreams: { My_Server: { command: x } }\n',
      '1:14 upstreams.My_Server: Use 1 to 32 of a-z, 0-9 and "-", and begin with a letter or a digit: the name stands in URLs and in tool names.',
    ],
    [
      'the name of the merged server',
      'upstreams: { all: { command: x } }\n',
      '1:14 upstreams.all: The name "all" is kept for the server at /mcp; choose another.',
    ],
    [
      'neither url nor command',
      upstream('{ era: auto }'),
      '2:3 upstreams.a: Needs "url" (an HTTP upstream) or "command" (a program to start).',
    ],
    [
      'both url and command',
      upstream('{ url: "http://x", command: x }'),
      '3:24 upstreams.a.command: An upstream has "url" or "command", not both; remove one.',
    ],
    [
      'a key of the other kind',
      upstream('{ command: x, headers: {} }'),
      '3:19 upstreams.a.headers: "headers" is not for an upstream with "command"; remove it.',
    ],
    [
      'a URL that is none',
      upstream('{ url: example.com }'),
      '3:7 upstreams.a.url: Must be a whole URL, such as https://example.com/mcp.',
    ],
    [
      'a URL of another scheme',
      upstream('{ url: "file:///x" }'),
      '3:7 upstreams.a.url: Must begin with http:// or https://.',
    ],
    [
      'credentials in a URL',
      upstream('{ url: "https://me:hunter2@x" }'),
      '3:7 upstreams.a.url: Must not hold a user name or password; put them in headers, as Authorization.',
    ],
    [
      'a header of the gateway',
      upstream('{ url: "http://x", headers: { Mcp-Name: x } }'),
      '3:35 upstreams.a.headers.Mcp-Name: The gateway sets this header itself; remove it.',
    ],
    [
      'a header twice',
      upstream('{ url: "http://x", headers: { X-A: x, x-a: y } }'),
      '3:43 upstreams.a.headers.x-a: Is the same header as X-A; keep one of them.',
    ],
    [
      'a header value with a line break',
      upstream('{ url: "http://x", headers: { X-A: "x\\ny" } }'),
      '3:35 upstreams.a.headers.X-A: Must hold printable ASCII characters on one line.',
    ],
    [
      'a file that is missing',
      upstream('{ url: "http://x", tls: { ca: nope.pem } }'),
      '3:31 upstreams.a.tls.ca: The file does not exist.',
    ],
    [
      'a certificate without its key',
      upstream('{ url: "http://x", tls: { cert: tls/cert.pem } }'),
      '3:24 upstreams.a.tls: Needs both cert and key, or neither.',
    ],
    [
      'HTTP+SSE in the modern era',
      upstream('{ url: "http://x", transport: sse, era: modern }'),
      '3:40 upstreams.a.era: HTTP+SSE exists only in the legacy era; remove "era".',
    ],
    [
      'a total below the pause',
      upstream('{ command: x, timeoutMs: 5, maxTimeoutMs: 4 }'),
      '3:33 upstreams.a.maxTimeoutMs: Must not be less than timeoutMs.',
    ],
    [
      'a reference to nothing',
      `${upstream('{ command: x }')}  files: { command: x }\nservers: { s: { from: { fils: {} } } }\n`,
      '5:25 servers.s.from.fils: There is no upstream "fils". Did you mean "files"?',
    ],
    [
      'a server of nothing',
      'servers: { s: { public: true } }\n',
      '1:12 servers.s: Needs "from": the upstreams that it is made of. None is configured.',
    ],
    [
      'a server of no upstream',
      'servers: { s: { from: {} } }\n',
      '1:17 servers.s.from: Names no upstream; give at least one. None is configured.',
    ],
    [
      "another upstream's name",
      'upstreams: { a: { command: x }, b: { command: x } }\nservers: { a: { from: { b: {} } } }\n',
      '2:17 servers.a.from: This server takes the name of the upstream "a", so it must select that upstream. Add it, or choose another name.',
    ],
    [
      'an origin with a path',
      'listen: { allowedOrigins: ["https://x/y"] }\n',
      '1:28 listen.allowedOrigins[0]: Must be an exact origin without a path, such as https://app.example.com.',
    ],
    [
      'a network that is none',
      'listen: { trustedProxies: [10.0.0.0/33] }\n',
      '1:28 listen.trustedProxies[0]: Must be an IP address or a network such as 10.0.0.0/8.',
    ],
    ['a key twice', 'log: {}\nlog: {}\n', '2:1 This key stands twice in its map; keep one of them.'],
    ['a tab', '\tlog: {}\n', '1:1 A tab indents this line; YAML wants spaces.'],
    [
      'a tag',
      'log: !secret x\n',
      '1:6 This YAML tag is not known here, or does not fit its value. A text that begins with "!" must stand in quotes.',
    ],
    [
      'two documents',
      'log: {}\n---\nlog: {}\n',
      '2:1 The file holds more than one YAML document; keep one and remove the "---" after it.',
    ],
    [
      'the name that JavaScript keeps',
      'upstreams:\n  __proto__: { command: x }\n',
      '2:3 No key may have the name "__proto__".',
    ],
  ];

  it.each(cases)('%s', async (_, text, problem) => {
    expect(await problems(text)).toEqual([problem]);
  });
});

it('an unquoted variable between brackets is told as what it is', async () => {
  expect(await problems('listen: { port: ${P}, host: x }\nlog: { level: ${L} }\n')).toEqual([
    '1:17 Put the text with "${" in quotes: between { } and [ ] YAML takes its "{" for a map.',
  ]);
});

it('all faults are told at once, in the order of the lines', async () => {
  const text =
    'servers: { s: { from: { b: {} } } }\nupstreams: { a: { url: "${URL}" } }\nlisten: { prot: 1, port: x }\n';
  expect(await problems(text)).toEqual([
    '1:25 servers.s.from.b: There is no upstream "b". Did you mean "a"?',
    '2:24 upstreams.a.url: The environment variable URL is not set. Set it before the start.',
    '3:11 listen.prot: Unknown key "prot". Did you mean "port"?',
    '3:20 listen.port: Must be a whole number, not text.',
  ]);
});

it('the problems travel as data with line, column, key and message', async () => {
  const error = await refusal(read('log: { level: loud }\n'));
  expect(error.code).toBe('CONFIG_INVALID');
  expect(error.data).toEqual({
    problems: [{ line: 1, column: 8, key: 'log.level', message: expect.stringContaining('Must be one of') }],
  });
});

it('an upstream with a mistyped "command" is told of the word, and of what is missing', async () => {
  expect(await problems('upstreams:\n  a: { comand: node }\n')).toEqual([
    '2:3 upstreams.a: Needs "url" (an HTTP upstream) or "command" (a program to start).',
    '2:8 upstreams.a.comand: Unknown key "comand". Did you mean "command"?',
  ]);
});

it('at most a hundred problems are told, and how many there are', async () => {
  const text = Array.from({ length: 130 }, (_, index) => `nothing${index}: 1\n`).join('');
  const { message, data } = await refusal(read(text));
  expect(message).toContain('130 problems:');
  expect(message).toContain('... and 30 more');
  expect(data?.['problems']).toHaveLength(100);
});

describe('the store', () => {
  const folder = join(import.meta.dirname, 'golden');

  it.each([
    ['', join(folder, 'data', 'gateward.db')],
    ['dataDir: /var/lib/gateward\n', '/var/lib/gateward/gateward.db'],
    ['store: "sqlite:."\n', join(folder, 'gateward.db')],
    ['store: sqlite:/srv/fleet.db\n', '/srv/fleet.db'],
  ])('%j is the SQLite file %s', async (text, file) => {
    expect((await read(text)).config.store).toEqual({ kind: 'sqlite', file });
  });

  it.each([
    ['store: mysql://x\n', '1:1 store: Must begin with sqlite: or postgres://.'],
    ['store: "postgres://a:b@:x"\n', '1:1 store: Is not a URL that can be read.'],
    ['store: postgres://x/y\nbus: amqp://x\n', '2:1 bus: Must be a whole URL, such as nats://nats.lan:4222.'],
    [
      'bus: nats://x\n',
      '1:1 bus: Only replicas that share PostgreSQL need a bus; the processes of one machine have their own. Remove it, or set store to postgres://...',
    ],
  ])('%j is refused', async (text, problem) => {
    expect(await problems(text)).toEqual([problem]);
  });
});

describe('listening', () => {
  it.each(['0.0.0.0', '::', '192.0.2.1', 'gateway.example.com', '127.0.0.1.example.com'])(
    '%s is refused with a code of its own',
    async (host) => {
      const error = await refusal(read(`listen: { host: "${host}" }\n`));
      expect(error.code).toBe('INSECURE_LISTEN');
      expect(error.message).toContain(`${FILE}:1:11 listen.host: `);
    },
  );

  it('with keys any address is allowed', async () => {
    const { config } = await read('listen: { host: 0.0.0.0 }\nauth: { keys: true }\n');
    expect([config.listen.host, config.auth.keys]).toEqual(['0.0.0.0', true]);
  });

  it('what follows from keys stays with them until the gateway starts anew', async () => {
    const text = 'auth: { keys: true }\nupstreams: { a: { command: node } }\n';
    const settled = async (keysAsked?: boolean): Promise<unknown> => {
      const more = keysAsked === undefined ? {} : { keysAsked };
      const { config } = await readConfig(text, { file: FILE, env: environment(), ...more });
      return config.upstreams.map((one) => [one.pins.mode, one.kind === 'stdio' && one.process]);
    };
    expect(await settled()).toEqual([['enforce', 'principal']]);
    expect(await settled(false)).toEqual([['warn', 'shared']]);
  });

  it('keys that are substituted count', async () => {
    const text = 'listen: { host: 0.0.0.0 }\nauth: { keys: "${KEYS}" }\n';
    expect((await read(text, { KEYS: 'true' })).config.listen.host).toBe('0.0.0.0');
    expect((await refusal(read(text, { KEYS: 'false' }))).code).toBe('INSECURE_LISTEN');
  });

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['127.8.9.1', '127.8.9.1'],
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['LocalHost', '127.0.0.1'],
  ])('%s is taken as %s', async (host, taken) => {
    expect((await read(`listen: { host: "${host}" }\n`)).config.listen.host).toBe(taken);
  });

  it('beside other faults the address is one of them', async () => {
    const error = await refusal(read('listen: { host: 0.0.0.0, prot: 1 }\n'));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.data?.['problems']).toHaveLength(2);
  });

  it('addresses are limited only where they tell callers apart', async () => {
    const loopback = await read('');
    const proxied = await read('listen: { trustedProxies: [127.0.0.1] }\n');
    expect(loopback.config.listen.perAddress.requestsPerSecond).toBe(0);
    expect(proxied.config.listen.perAddress).toEqual({ requestsPerSecond: 1000, burst: 2000 });
  });
});

it('a launcher, which may have to fetch first, is waited for longer than other programs', async () => {
  const text =
    'upstreams: { a: { command: node }, b: { command: npx }, c: { command: /usr/bin/uvx }, d: { command: npx, connectTimeoutMs: 5 }, e: { command: ./my-npx } }\n';
  const { config } = await read(text);
  expect(config.upstreams.map(({ connectTimeoutMs }) => connectTimeoutMs)).toEqual([
    10_000, 60_000, 60_000, 5, 10_000,
  ]);
});

describe('substitution', () => {
  it('a value that is wholly substituted may be a number, a boolean or a word of a list', async () => {
    const text = 'listen: { port: "${P}", legacySse: "${S}" }\nlog:\n  level: ${L}\n';
    const { config } = await read(text, { P: '8080', S: 'true', L: 'debug' });
    expect([config.listen.port, config.listen.legacySse, config.log.level]).toEqual([8080, true, 'debug']);
  });

  it('a bad substituted value is refused without being shown', async () => {
    const values = { P: 'hunter2-port', U: 'hunter2-url', H: 'hunter2-header\n', L: 'hunter2-level' };
    const text =
      'listen: { port: "${P}" }\nlog: { level: "${L}" }\nupstreams: { a: { url: "${U}", headers: { X: "${H}" } } }\n';
    const error = await refusal(read(text, values));
    expect(error.data?.['problems']).toHaveLength(4);
    expect(error.message + JSON.stringify(error.data) + String(error.cause)).not.toContain('hunter2');
  });

  it('the master secret cannot be substituted', async () => {
    expect(await problems('upstreams: { a: { command: "${GATEWARD_SECRET}" } }\n')).toEqual([
      '1:28 upstreams.a.command: The environment variable GATEWARD_SECRET is not set. Set it before the start. It is for the gateway alone and cannot be used here.',
    ]);
  });

  it('an empty variable is a warning', async () => {
    const { warnings } = await read('upstreams: { a: { command: x, args: ["${E}"] } }\n', { E: '' });
    expect(warnings).toEqual(['line 1: E in upstreams.a.args[0] is empty.']);
  });
});

describe('warnings', () => {
  it('no upstreams', async () => {
    const { config, warnings } = await read('');
    expect(config.upstreams).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('No upstreams are configured')]);
  });

  it('a server that takes nothing', async () => {
    const text =
      'upstreams: { a: { command: x } }\nservers: { a: { from: { a: { tools: [], prompts: [], resources: [] } } } }\n';
    expect((await read(text)).warnings).toEqual([
      'The server "a" takes nothing from the upstream "a": all its lists are empty.',
    ]);
  });
});

it('a proxy variable that cannot be used is a fault of the upstream that would use it', async () => {
  const text = 'upstreams: { a: { url: "https://x" }, b: { url: "https://x", proxy: none } }\n';
  const error = await refusal(
    readConfig(text, { file: FILE, env: environment({}, 'socks5://me:hunter2@x:1') }),
  );
  expect(error.data?.['problems']).toEqual([
    { line: 1, column: 19, key: 'upstreams.a.url', message: expect.stringContaining('HTTPS_PROXY') },
  ]);
  expect(error.message).not.toContain('hunter2');
});

describe('files', () => {
  it('a file that does not exist is unreadable', async () => {
    const error = await refusal(loadConfig({ file: `${FILE}.gone`, env: environment() }));
    expect(error.code).toBe('CONFIG_UNREADABLE');
    expect(error.message).toContain(`${FILE}.gone does not exist.`);
  });

  it('a folder is unreadable', async () => {
    const error = await refusal(loadConfig({ file: import.meta.dirname, env: environment() }));
    expect(error.message).toContain('is a folder.');
  });

  it.each([
    'a: |hunter2\n x',
    'a: *hunter2',
    '%hunter2 1\n---\n',
    'a: "x" hunter2',
    'a: !hunter2 x',
    '- a\nb: hunter2',
  ])('what stands in the file is not repeated by the fault of %j', async (text) => {
    expect((await refusal(read(text))).message).not.toContain('hunter2');
  });

  it('aliases that multiply without end are refused', async () => {
    const lines = Array.from({ length: 9 }, (_, i) => `  l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}]`);
    const text = `upstreams:\n  l0: &l0 [x]\n${lines.join('\n')}\n`;
    expect(await problems(text)).toEqual([
      '1:1 The YAML aliases of this file cannot be followed: too many, or one that holds itself.',
    ]);
  });

  it('nesting without end is refused', async () => {
    const error = await refusal(read('['.repeat(100_000)));
    expect(error.code).toBe('CONFIG_INVALID');
  });
});

it('a file that starts every command is warned of', async () => {
  const { warnings } = await read(
    'upstreams: { a: { command: x } }\nlaunch: { dangerouslyStartUnapproved: true }\n',
  );
  expect(warnings).toEqual([expect.stringMatching(/^"launch\.dangerouslyStartUnapproved" is true/)]);
});

describe('what an approval shows in place of substituted values', () => {
  const referencesOf = async (text: string, variables: Record<string, string>): Promise<unknown> => {
    const { config } = await read(text, variables);
    return config.upstreams.map((upstream) => upstream.kind === 'stdio' && upstream.references);
  };

  it('is the text of the file, wherever something was put into it', async () => {
    const text =
      'upstreams: { a: { command: x, args: ["--t=${T}", plain, "$${T}"], env: { A_TOKEN: "${T}", B: "$${T}" } } }';
    expect(await referencesOf(text, { T: 'value' })).toEqual([
      { args: { 0: '--t=${T}' }, env: { A_TOKEN: '${T}' } },
    ]);
  });

  it('is there for aliases and merged maps too, so that no value is taken for plain', async () => {
    const text =
      'upstreams:\n  a: &a { command: x, args: &args ["${T}"], env: &env { A: "${T}" } }\n  b: { command: y, args: *args, env: { <<: *env, B: "1" } }\n  c: *a\n';
    const each = { args: { 0: '${T}' }, env: { A: '${T}' } };
    expect(await referencesOf(text, { T: 'value' })).toEqual([each, each, each]);
  });
});
