import fc from 'fast-check';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { GatewardError } from '../errors.ts';
import { describeConfig, schemaAt } from './json-schema.ts';
import { readConfig } from './load.ts';
import type { ConfigProblem, Environment } from './types.ts';

const ENV: Pick<Environment, 'variables' | 'proxy'> = {
  variables: { A: 'a' },
  proxy: { http: undefined, https: undefined, all: undefined, none: undefined },
};

/** The problems of a text; none if it is a configuration. Anything but a GatewardError goes through. */
async function problemsOf(text: string): Promise<readonly ConfigProblem[]> {
  try {
    await readConfig(text, { file: 'property.yaml', env: ENV });
    return [];
  } catch (error) {
    if (!(error instanceof GatewardError)) throw error;
    expect(['CONFIG_INVALID', 'INSECURE_LISTEN']).toContain(error.code);
    const problems = error.data?.['problems'];
    return Array.isArray(problems) ? problems : [];
  }
}

/** Texts that are nearly YAML, made of the pieces that configurations are made of. */
const pieces = fc.constantFrom(
  ...[
    'upstreams',
    'servers',
    'listen',
    'from',
    'url',
    'command',
    'tls',
    'a',
    'all',
    '__proto__',
    'constructor',
  ],
  ...[
    ': ',
    ':\n',
    '\n',
    '\n  ',
    '\n    ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    ', ',
    '"',
    "'",
    '|\n',
    '>\n',
    '#',
    '? ',
    '\t',
  ],
  ...[
    '&x ',
    '*x',
    '<<: ',
    '!!',
    '!x ',
    '---\n',
    '...\n',
    '%YAML 1.2\n',
    '\uFEFF',
    '\r\n',
    '\0',
    '${A}',
    '${',
    '$${',
  ],
  ...[
    '${file:x}',
    '${__proto__}',
    'null',
    'true',
    '1',
    '0x1',
    '1e999',
    '.nan',
    'http://x',
    '127.0.0.1',
    '~',
    '%zz',
  ],
);
const nearlyYaml = fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join(''));

it('whatever the text is, loading ends in a configuration or in a GatewardError with places', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(nearlyYaml, fc.string(), fc.string({ unit: 'binary' })), async (text) => {
      const lines = text.split(/\r\n|\r|\n/).length;
      for (const { line, column, message } of await problemsOf(text)) {
        expect(line).toBeGreaterThanOrEqual(1);
        expect(line).toBeLessThanOrEqual(lines);
        expect(column).toBeGreaterThanOrEqual(1);
        expect(message).toMatch(/^\S.*[.?]$/s);
      }
    }),
    { numRuns: 600 },
  );
});

const keys = fc.constantFrom(
  ...Object.keys(describeConfig().properties ?? {}),
  'url',
  'command',
  'from',
  'host',
  'a',
);
const shapes = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.constant('${A}')),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(keys, fc.string()), tie('value'), { maxKeys: 4 }),
  ),
})).value;

it('whatever the value is, loading ends in a configuration or in a GatewardError', async () => {
  await fc.assert(
    fc.asyncProperty(fc.dictionary(keys, shapes, { maxKeys: 4 }), async (value) => {
      await problemsOf(stringify(value));
    }),
    { numRuns: 400 },
  );
});

it('an unknown key is named with its line, wherever it stands', async () => {
  const base = {
    listen: { port: 0, perAddress: { burst: 5 } },
    log: { level: 'info' },
    upstreams: { web: { url: 'http://x' }, files: { command: 'x' } },
    servers: { one: { from: { web: { tools: ['a'] } }, card: { version: '1' } } },
  };
  const places = fc.constantFrom(
    ...[[], ['listen'], ['listen', 'perAddress'], ['log'], ['upstreams', 'web'], ['upstreams', 'files']],
    ...[
      ['servers', 'one'],
      ['servers', 'one', 'from', 'web'],
      ['servers', 'one', 'card'],
    ],
  );
  const name = fc.stringMatching(/^[a-zA-Z][\w-]{0,20}$/);
  const root = describeConfig();
  await fc.assert(
    fc.asyncProperty(places, name, async (place, key) => {
      fc.pre(!schemaAt(root, place).some((node) => Object.hasOwn(node.properties ?? {}, key)));
      const text = stringify(insert(base, place, key));
      const written = text.split('\n').findIndex((line) => line.trim() === `${key}: unknown`) + 1;
      const problems = await problemsOf(text);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatchObject({ line: written, key: expect.stringContaining(key) });
      expect(problems[0]?.message).toMatch(/Did you mean|Known here|It belongs at|is not for an upstream/);
    }),
    { numRuns: 150 },
  );
});

function insert(value: object, [first, ...rest]: readonly string[], key: string): object {
  if (first === undefined) return { ...value, [key]: 'unknown' };
  const below: unknown = Reflect.get(value, first);
  return { ...value, [first]: insert(typeof below === 'object' && below !== null ? below : {}, rest, key) };
}
