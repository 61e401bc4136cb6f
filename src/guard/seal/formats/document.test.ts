import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BrokenDocument } from './broken-document.ts';
import { editDocument, parseDocument } from './document.ts';

const JSONC = `{
  // mine
  "theme": "dark", /* why */
  "mcpServers": {
    "a": { "url": "https://a.example/mcp", "headers": { "x": "1" } }, // the first
    "b": { "command": "npx" },
  },
  "n": 12345678901234567890
}
`;
const TOML = `# mine
model = "o" # why

[mcp_servers.a]   # the first
url = "https://a.example/mcp"
args = [
  "x", # one
  "y]",
]
[mcp_servers.a.env]
"odd key" = '''raw
text'''

[projects."/home/me/x"]
trust_level = "trusted"

[[list]]
name = "p"
[[list]]
name = "q"
`;
const YAML = `# mine
extensions:
  a: # the first
    uri: https://a.example/mcp
    enabled: true
mcpServers:
  - name: one
    url: https://one.example
  - name: two # second
    url: https://two.example
`;

describe('editDocument', () => {
  it('changes one value of JSON with comments, and no other character', () => {
    const edited = editDocument('json', JSONC, [
      { path: ['mcpServers', 'a'], value: { url: 'http://127.0.0.1/x', headers: { x: '1' } } },
    ]);
    expect(edited).toBe(JSONC.replace('https://a.example/mcp', 'http://127.0.0.1/x'));
  });

  it('changes one value of TOML, and no other character', () => {
    const edited = editDocument('toml', TOML, [{ path: ['mcp_servers', 'a', 'url'], value: 'http://x' }]);
    expect(edited).toBe(TOML.replace('https://a.example/mcp', 'http://x'));
  });

  it('changes one value of YAML, and no other character', () => {
    const edited = editDocument('yaml', YAML, [{ path: ['mcpServers', 'two', 'url'], value: 'http://x' }]);
    expect(edited).toBe(YAML.replace('https://two.example', '"http://x"'));
  });

  it.each(['json', 'toml', 'yaml'] as const)('writes a document into an empty %s file', (format) => {
    const server = { url: 'http://x', headers: { a: 'b' }, args: ['1', '2'] };
    const edited = editDocument(format, '', [{ path: ['servers', 'my server'], value: server }]);
    expect(parseDocument(format, edited).value).toEqual({ servers: { 'my server': server } });
  });

  it.each([
    ['json', JSONC, ['mcpServers', 'a']],
    ['toml', TOML, ['mcp_servers', 'a']],
    ['yaml', YAML, ['extensions', 'a']],
    ['yaml', YAML, ['mcpServers', 'one']],
  ] as const)('takes a server out of %s and keeps the comments of the rest', (format, text, path) => {
    const edited = editDocument(format, text, [{ path, value: undefined }]);
    expect(edited).not.toContain(`${path[1]}.example`);
    expect(edited).toContain('mine');
  });

  it('puts a server into a list by its name', () => {
    const edited = editDocument('yaml', YAML, [
      { path: ['mcpServers', 'three'], value: { name: 'three', url: 'http://3' } },
    ]);
    expect(parseDocument('yaml', edited).value).toMatchObject({
      mcpServers: [{ name: 'one' }, { name: 'two' }, { name: 'three', url: 'http://3' }],
    });
  });

  it('edits inside inline tables of TOML', () => {
    const edited = editDocument('toml', 'a = 1\ns = { x = { url = "u", n = 2 } } # why\nb = 2\n', [
      { path: ['s', 'x', 'url'], value: 'v' },
    ]);
    expect(edited).toBe('a = 1\ns = { x = { url = "v", n = 2 } } # why\nb = 2\n');
  });

  it.each([
    ['json', ['null', 'true', '5', '"x"'].map((value) => `{ "a": 1, "mcpServers": ${value} }`)],
    ['toml', ['true', '5', '"x"', '1979-05-27'].map((value) => `a = 1\nmcpServers = ${value}\n`)],
    ['yaml', ['null', 'true', '5', 'x', ''].map((value) => `a: 1\nmcpServers: ${value}\n`)],
  ] as const)('puts an object in the place of a plain value in %s', (format, texts) => {
    const servers = { one: { url: 'https://one.example' }, two: { url: 'https://two.example' } };
    for (const text of texts) {
      const wanted = Object.entries(servers).map(([name, value]) => ({ path: ['mcpServers', name], value }));
      const { value } = parseDocument(format, editDocument(format, text, wanted));
      expect(JSON.parse(JSON.stringify(value))).toEqual({ a: 1, mcpServers: servers });
    }
  });

  it.each([
    ['json', '{ "mcpServers": [] }'],
    ['json', '{ "mcpServers": [{ "name": "other" }] }'],
    ['json', 'null'],
    ['toml', 'mcpServers = []'],
    ['yaml', 'mcpServers: [a]'],
  ] as const)('changes nothing in %s that is made otherwise: %s', (format, text) => {
    const wanted = [{ path: ['mcpServers', 'one'], value: { url: 'https://one.example' } }];
    expect(() => editDocument(format, text, wanted)).toThrow(BrokenDocument);
  });

  it('keeps a byte order mark and Windows line ends', () => {
    const text = '\uFEFF{\r\n  "a": 1\r\n}\r\n';
    expect(editDocument('json', text, [{ path: ['b'], value: 2 }])).toBe(
      '\uFEFF{\r\n  "a": 1,\r\n  "b": 2\r\n}\r\n',
    );
  });

  it.each([
    [
      'a',
      '{\n  // behind a\n  // of b, mind: ,\n  "b": 2, // behind b\n  /* of c */ "c": 3 // behind c\n}\n',
    ],
    [
      'b',
      '{\n  "a": 1, // behind a\n  // of b, mind: ,\n  // behind b\n  /* of c */ "c": 3 // behind c\n}\n',
    ],
  ])('takes %s out of JSON and keeps every comment', (name, expected) => {
    const text =
      '{\n  "a": 1, // behind a\n  // of b, mind: ,\n  "b": 2, // behind b\n  /* of c */ "c": 3 // behind c\n}\n';
    expect(editDocument('json', text, [{ path: [name], value: undefined }])).toBe(expected);
  });

  it('takes the last member out of JSON and keeps every comment', () => {
    expect(
      editDocument('json', '{\n  "a": 1, // one\n  "b": 2 // two\n}\n', [{ path: ['b'], value: undefined }]),
    ).toBe('{\n  "a": 1 // one\n  // two\n}\n');
    expect(editDocument('json', '{ "a": 1, "b": 2, "c": 3 }', [{ path: ['b'], value: undefined }])).toBe(
      '{ "a": 1, "c": 3 }',
    );
    expect(
      parseDocument('json', editDocument('json', '{"a":1,"b":2}', [{ path: ['b'], value: undefined }])).value,
    ).toEqual({ a: 1 });
    expect(editDocument('json', '{"a":1}', [{ path: ['a'], value: undefined }])).toBe('{}');
  });

  it.each([
    ['{\n  "a": 1 // one\n}\n', '{\n  "a": 1, // one\n  "b": 2\n}\n'],
    ['{\n  "a": 1, // one\n  // end\n}\n', '{\n  "a": 1, // one\n  "b": 2,\n  // end\n}\n'],
    ['{\n  "a": 1\n}\n', '{\n  "a": 1,\n  "b": 2\n}\n'],
    ['{\r\n\t"a": 1 /* x */\r\n}', '{\r\n\t"a": 1, /* x */\r\n\t"b": 2\r\n}'],
    ['{ "a": 1 }', '{ "a": 1, "b": 2 }'],
  ])('puts a member behind the last one of %j, and leaves it its comment', (text, expected) => {
    expect(editDocument('json', text, [{ path: ['b'], value: 2 }])).toBe(expected);
  });

  it('takes __proto__ for a key like others', () => {
    const entry: unknown = JSON.parse('{"__proto__":{},"b":{}}');
    const text = editDocument('yaml', '__proto__: {}\n', [
      { path: ['__proto__', '__proto__'], value: entry },
    ]);
    expect(editDocument('yaml', text, [{ path: ['__proto__', '__proto__'], value: undefined }])).toBe(
      '__proto__: {}\n',
    );
  });

  it.each([
    ['json', '{"a": }'],
    ['json', '[1]'],
    ['json', '['.repeat(100_000)],
    ['toml', 'a = '],
    ['yaml', 'a: [1'],
    ['yaml', 'a: 1\na: 2'],
    ['yaml', 'a: &x [*x]'],
    ['yaml', `a: ${'['.repeat(300)}${']'.repeat(300)}`],
    ['toml', `a = ${'['.repeat(300)}${']'.repeat(300)}`],
  ] as const)('refuses broken %s', (format, text) => {
    expect(() => parseDocument(format, text)).toThrow(BrokenDocument);
  });

  it.each([
    ['json', '{\n{ broken', 'line 2 is not valid JSON'],
    ['yaml', 'x: 1\na: [1', 'is not valid YAML'],
  ] as const)('says in plain words where %s is broken', (format, text, words) => {
    expect(() => parseDocument(format, text)).toThrow(words);
  });

  it('tells which keys of JSON stand twice', () => {
    expect(parseDocument('json', '{"a":{"x":1,"x":2}}').repeated).toEqual([['a', 'x']]);
  });
});

const key = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('__proto__', 'a', 'b', 'name'));
const plain = fc.oneof(fc.string(), fc.integer(), fc.boolean());
const entry = fc.dictionary(
  key,
  fc.oneof(plain, fc.array(plain, { maxLength: 3 }), fc.dictionary(key, plain)),
  {
    minKeys: 1,
    maxKeys: 4,
    noNullPrototype: false,
  },
);
const documents = fc.dictionary(key, fc.dictionary(key, entry, { maxKeys: 3 }), { maxKeys: 3 });

describe.each(['json', 'toml', 'yaml'] as const)('any edit of %s', (format) => {
  it('does what was meant, and taking it back gives the same document', () => {
    fc.assert(
      fc.property(documents, key, key, fc.option(entry), (document, first, second, value) => {
        let text = '';
        for (const [name, member] of Object.entries(document)) {
          text = editDocument(format, text, [{ path: [name], value: member }]);
        }
        const before = parseDocument(format, text).value;
        const path = [first, second];
        const edited = editDocument(format, text, [{ path, value: value ?? undefined }]);
        const back = editDocument(format, edited, [{ path: [first], value: at(before, first) }]);
        expect(plainOf(parseDocument(format, back).value)).toEqual(plainOf(before));
      }),
      { numRuns: 150 },
    );
  });
});

const word = fc.stringMatching(/^[a-z]{1,6}$/);
const url = fc.webUrl();

describe('a change of one address among others', () => {
  const entries = fc.uniqueArray(fc.tuple(word, url, fc.string({ unit: 'grapheme', maxLength: 8 })), {
    selector: ([name]) => name,
    minLength: 1,
    maxLength: 5,
  });
  const comment = (text: string): string => text.replaceAll(/[\p{C}\u2028\u2029*]/gu, '');

  it.each([
    [
      'json',
      (name: string, to: string, note: string) => `  "${name}": { "url": "${to}", "n": 1.0 }, // ${note}\n`,
      ['{\n', '}\n'],
    ],
    [
      'toml',
      (name: string, to: string, note: string) =>
        `[${name}] # ${note}\nurl = "${to}" # ${note}\nn   =  1\n\n`,
      ['', ''],
    ],
    [
      'yaml',
      (name: string, to: string, note: string) =>
        `${name}: # ${note}\n    url: "${to}"   # ${note}\n    n:   1\n`,
      ['', ''],
    ],
  ] as const)('leaves every other character of %s as it was', (format, write, [head, tail]) => {
    fc.assert(
      fc.property(entries, fc.nat(), url, (list, which, to) => {
        const index = which % list.length;
        const write1 = (change: boolean): string =>
          head +
          list
            .map(([name, from, note], at) => write(name, change && at === index ? to : from, comment(note)))
            .join('') +
          tail;
        const [name = ''] = list[index] ?? [];
        const before = write1(false);
        expect(editDocument(format, before, [{ path: [name, 'url'], value: to }])).toBe(write1(true));
      }),
      { numRuns: 100 },
    );
  });
});

function at(value: unknown, name: string): unknown {
  return Object.entries(value ?? {}).find(([found]) => found === name)?.[1];
}

/** Objects that are empty cannot be written in every format. */
function plainOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const members = Object.entries(value).map(([name, member]) => [name, plainOf(member)] as const);
  return new Map(members.filter(([, member]) => !(member instanceof Map) || member.size > 0));
}
