import { describe, expect, it } from 'vitest';
import { BUDGET_RULES } from './budget-rules.ts';
import { HABIT_RULES } from './habit-rules.ts';
import { IMPORT_RULES, runtimePackagesOnly } from './import-rules.ts';
import { parseSource, type Rule } from './source.ts';

const RULES: readonly Rule[] = [
  ...IMPORT_RULES,
  runtimePackagesOnly(['undici', '@scope/name']),
  ...BUDGET_RULES,
  ...HABIT_RULES,
];

/** The places that a rule finds in these files, as `path:line`. */
function places(ruleName: string, files: Readonly<Record<string, string>>): string[] {
  const rule = RULES.find(({ name }) => name === ruleName);
  if (rule === undefined) throw new TypeError(`no rule is named "${ruleName}"`);
  const sources = Object.entries(files).map(([path, text]) => parseSource(path, text));
  return [...rule.find(sources)].map(({ path, line }) => `${path}:${line}`);
}

const lines = (count: number, line = 'f();'): string => `${line}\n`.repeat(count);
const nested = (depth: number, head: string): string => `${head} {`.repeat(depth) + '}'.repeat(depth);

interface Example {
  readonly rule: string;
  readonly files: Readonly<Record<string, string>>;
  /** Where the rule is broken; nothing else may be found. */
  readonly broken: readonly string[];
}

const EXAMPLES: readonly Example[] = [
  {
    rule: 'every folder and file directly below src has a band',
    files: {
      'src/stuff/x.ts': '',
      'src/extra.ts': '',
      'src/lib/x.ts': '',
      'src/errors.test.ts': '',
      'test/x.ts': '',
    },
    broken: ['src/stuff/x.ts:1', 'src/extra.ts:1'],
  },
  {
    rule: 'imports go down the bands only',
    files: {
      'src/wire/up.ts': "\nimport { x } from '../upstream/x.ts';",
      'src/wire/up-by-type.ts': "import type { X } from '../upstream/x.ts';",
      'src/wire/up-in-type.ts': "let x: import('../steps/x.ts').X;",
      'src/wire/up-later.ts': "const x = await import('../gateway.ts');",
      'src/wire/up-for-effect.ts': "import '../pipeline.ts';",
      'src/upstream/sideways.ts': "import { x } from '../guard/x.ts';",
      'src/doors/sideways.ts': "import { x } from '../admin/x.ts';",
      'src/lib/up.ts': "export { x } from '../wire/x.ts';",
      'src/steps/down.ts': "import { x } from '../auth/x.ts';\nimport { y } from '../lib/y.ts';",
      'src/gateway.ts': "import { x } from './doors/x.ts';\nimport { y } from './pipeline.ts';",
      'src/errors.ts': "import { x } from './lib/x.ts';\nimport type { C } from './call.ts';",
      'src/upstream/same.ts': "import { x } from './stdio/x.ts';",
      'src/wire/x.test.ts': "import { x } from '../gateway.ts';",
    },
    broken: [
      'src/wire/up.ts:2',
      'src/wire/up-by-type.ts:1',
      'src/wire/up-in-type.ts:1',
      'src/wire/up-later.ts:1',
      'src/wire/up-for-effect.ts:1',
      'src/upstream/sideways.ts:1',
      'src/doors/sideways.ts:1',
      'src/lib/up.ts:1',
    ],
  },
  {
    rule: 'below the composition root the configuration is known by its types alone',
    files: {
      'src/upstream/a.ts': "import { DEFAULTS } from '../config/defaults.ts';",
      'src/upstream/b.ts': "import type { Config } from '../config/schema.ts';",
      'src/upstream/c.ts': "import { type Config } from '../config/schema.ts';",
      'src/upstream/d.ts': "import { type Config, load } from '../config/schema.ts';",
      'src/gateway.ts': "import { load } from './config/load.ts';",
      'src/config/load.ts': "import { schema } from './schema.ts';",
    },
    broken: ['src/upstream/a.ts:1', 'src/upstream/d.ts:1'],
  },
  {
    rule: 'codecs, deciders and lib do no input or output',
    files: {
      'src/wire/a.ts': "import { readFileSync } from 'node:fs';",
      'src/wire/b.ts': "import type { IncomingHttpHeaders } from 'node:http';",
      'src/lib/c.ts': "import { request } from 'undici';\nimport { createHash } from 'node:crypto';",
      'src/upstream/d.ts': "import { request } from 'undici';",
    },
    broken: ['src/wire/a.ts:1', 'src/lib/c.ts:1'],
  },
  {
    rule: 'one file of src starts programs',
    files: {
      'src/upstream/stdio/stdio-process.ts': "import { spawn } from 'node:child_process';",
      'src/upstream/stdio/other.ts': "import { spawn } from 'node:child_process';",
      'src/cli/a.ts': "import { execFile } from 'child_process';",
      'src/cli/b.ts': "import type { ChildProcess } from 'node:child_process';",
      'src/cli/c.test.ts': "import { spawn } from 'node:child_process';",
    },
    broken: ['src/upstream/stdio/other.ts:1', 'src/cli/a.ts:1'],
  },
  {
    rule: 'src imports nothing from outside src',
    files: {
      'src/lib/a.ts': "import { x } from '../../test/support/x.ts';",
      'src/lib/a.test.ts': "import { x } from '../../test/support/x.ts';",
      'src/lib/b.ts': "import { x } from '../errors.ts';",
    },
    broken: ['src/lib/a.ts:1'],
  },
  {
    rule: 'src/index.ts is the only barrel, and nothing in src goes through it',
    files: {
      'src/index.ts': "export { createGateway } from './gateway.ts';",
      'src/wire/index.ts': '',
      'src/wire/all.ts': "export * from './frames.ts';\nexport type { Frame } from './frames.ts';",
      'src/cli/main.ts': "import { createGateway } from '../index.ts';",
      'src/lib/x.ts': 'export const from = "./x.ts";\nconst y = 1;\nexport { y };',
    },
    broken: ['src/wire/index.ts:1', 'src/wire/all.ts:1', 'src/wire/all.ts:2', 'src/cli/main.ts:1'],
  },
  {
    rule: 'relative imports carry the .ts extension',
    files: {
      'src/lib/x.ts': "import { a } from './a';\nimport { b } from './b.js';\nimport { c } from './c.ts';",
    },
    broken: ['src/lib/x.ts:1', 'src/lib/x.ts:2'],
  },
  {
    rule: 'no file imports itself by way of others',
    files: {
      'src/lib/a.ts': "import { b } from './b.ts';\nimport { d } from './d.ts';",
      'src/lib/b.ts': "\nimport type { C } from './c.ts';",
      'src/lib/c.ts': "\n\nimport { a } from './a.ts';",
      'src/lib/d.ts': "import { e } from './e.ts';",
      'src/lib/e.ts': '',
      'src/lib/self.ts': "import { x } from './self.ts';",
    },
    broken: ['src/lib/c.ts:3', 'src/lib/self.ts:1'],
  },
  {
    rule: 'src imports only the run-time dependencies and node: modules',
    files: {
      'src/upstream/x.ts': [
        "import { request } from 'undici';",
        "import { x } from '@scope/name/sub';",
        "import { y } from '@scope/other';",
        "import { readFile } from 'fs/promises';",
        "import { z } from 'node:fs';",
        "import type { T } from 'vitest';",
      ].join('\n'),
      'src/upstream/x.test.ts': "import { it } from 'vitest';",
    },
    broken: ['src/upstream/x.ts:3', 'src/upstream/x.ts:4', 'src/upstream/x.ts:6'],
  },
  {
    rule: 'no file has more than 400 lines',
    files: { 'src/lib/a.ts': lines(401), 'src/lib/b.ts': lines(400), 'src/lib/c.test.ts': lines(500) },
    broken: ['src/lib/a.ts:401'],
  },
  {
    rule: 'the median file has at most 120 lines',
    files: { 'src/lib/a.ts': lines(10), 'src/lib/b.ts': lines(121), 'src/lib/c.ts': lines(300) },
    broken: ['src/lib/b.ts:1'],
  },
  {
    rule: 'the median file has at most 120 lines',
    files: { 'src/lib/a.ts': lines(10), 'src/lib/b.ts': lines(120), 'src/lib/c.ts': lines(300) },
    broken: [],
  },
  {
    rule: 'no function has more than 80 lines',
    files: {
      'src/lib/a.ts': `\nfunction f() {\n${lines(79)}}`,
      'src/lib/b.ts': `function f() {\n${lines(78)}}`,
      'src/lib/c.ts': `const f = () => {\n${lines(79)}};`,
      'src/lib/d.ts': `class C {\n  m() {\n${lines(79)}}\n}`,
      'src/lib/e.ts': `class C {\n${lines(50, 'm() {}')}${lines(50, 'n = 1;')}}`,
    },
    broken: ['src/lib/a.ts:2', 'src/lib/c.ts:1', 'src/lib/d.ts:2'],
  },
  {
    rule: 'nothing takes more than 3 parameters',
    files: {
      'src/lib/a.ts': 'function f(a, b, c, d) {}',
      'src/lib/b.ts': 'class C { constructor(a, b, c, d) {} }',
      'src/lib/c.ts': '\nconst f = (a, b, c, ...d) => 0;',
      'src/lib/d.ts': 'interface I { m(a: A, b: B, c: C, d: D): void }',
      'src/lib/e.ts': 'function f(this: T, a, b, c) {}\nuse(a, b, c, d);',
    },
    broken: ['src/lib/a.ts:1', 'src/lib/b.ts:1', 'src/lib/c.ts:2', 'src/lib/d.ts:1'],
  },
  {
    rule: 'nothing nests deeper than 4',
    files: {
      'src/lib/if.ts': nested(5, 'if (a)\n'),
      'src/lib/loops.ts': nested(2, 'for (const a of b)') + nested(5, 'while (a)'),
      'src/lib/mixed.ts': 'for (;;) { if (a) { try { switch (b) { case 1: do { } while (c); } } catch {} } }',
      'src/lib/functions.ts': nested(5, 'function f()'),
      'src/lib/four.ts': nested(4, 'if (a)'),
      'src/lib/else-if.ts': lines(9, 'if (a) {} else').trim().concat(' {}'),
      'src/lib/reset.ts': `if (a) { if (b) { f(() => { ${nested(4, 'if (c)')} }); } }`,
    },
    broken: ['src/lib/if.ts:5', 'src/lib/loops.ts:1', 'src/lib/mixed.ts:1', 'src/lib/functions.ts:1'],
  },
  {
    rule: 'nothing is of type any',
    files: {
      'src/lib/a.ts': 'let x: any;\nconst y = z as any;\nlet w: Promise<any>;',
      'src/lib/a.test.ts': 'let x: any;',
      'src/lib/b.ts': 'const any = 1; // any\nlet s = "any";',
    },
    broken: ['src/lib/a.ts:1', 'src/lib/a.ts:2', 'src/lib/a.ts:3', 'src/lib/a.test.ts:1'],
  },
  {
    rule: 'the environment is read in src/config only',
    files: {
      'src/cli/a.ts': 'const x = process.env["X"];',
      'src/cli/b.ts': "import { pid } from 'node:process';\nimport { env } from 'node:process';",
      'src/cli/c.ts': 'const { env } = process;',
      'src/cli/d.ts': 'globalThis.process.env.X;',
      'src/cli/e.ts': "process['env'];",
      'src/cli/f.ts': 'options.env; process.argv;',
      'src/config/env.ts': 'process.env;',
      'src/cli/g.test.ts': 'process.env;',
    },
    broken: ['src/cli/a.ts:1', 'src/cli/b.ts:2', 'src/cli/c.ts:1', 'src/cli/d.ts:1', 'src/cli/e.ts:1'],
  },
  {
    rule: 'no module is mocked',
    files: {
      'src/lib/a.test.ts': "vi.mock('./a.ts');",
      'test/b.test.ts': "\nvi.doMock('./a.ts');",
      'test/c.test.ts': "mock.module('./a.ts');",
      'test/d.test.ts': 'vi.fn(); server.mock(); vi.useFakeTimers();',
    },
    broken: ['src/lib/a.test.ts:1', 'test/b.test.ts:2', 'test/c.test.ts:1'],
  },
  {
    rule: 'no plain Error is thrown',
    files: {
      'src/lib/a.ts': "throw new Error('x');",
      'src/lib/b.ts': "throw Error('x');",
      'src/lib/c.ts': "Promise.reject(new Error('x'));",
      'src/lib/d.ts': "reject(new Error('x'));",
      'src/lib/e.ts':
        "throw new TypeError('x');\nthrow error;\nthrow new GatewardError('X');\nreject(error);",
      'src/lib/f.test.ts': "throw new Error('x');",
    },
    broken: ['src/lib/a.ts:1', 'src/lib/b.ts:1', 'src/lib/c.ts:1', 'src/lib/d.ts:1'],
  },
  {
    rule: 'nothing is exported as default',
    files: {
      'src/lib/a.ts': 'export default 1;',
      'src/lib/b.ts': 'export default function f() {}',
      'src/lib/c.ts': 'export { x as default };',
      'src/lib/d.ts': 'switch (a) { default: b(); }\nexport const c = 1;',
    },
    broken: ['src/lib/a.ts:1', 'src/lib/b.ts:1', 'src/lib/c.ts:1'],
  },
  {
    rule: 'only the command line writes to the console',
    files: {
      'src/lib/a.ts': "console.log('x');",
      'src/cli/b.ts': "console.log('x');",
      'src/lib/c.test.ts': 'console.log();',
    },
    broken: ['src/lib/a.ts:1'],
  },
  {
    rule: 'files and folders are named in kebab-case for what they do',
    files: {
      'src/utils/a.ts': '',
      'src/lib/string-helpers.ts': '',
      'src/lib/service.ts': '',
      'src/lib/session-manager.test.ts': '',
      'src/lib/camelCase.ts': '',
      'test/Upper.test.ts': '',
      'src/wire/rev2026-07-28/registry.ts': '',
      'src/lib/json-scan.test.ts': '',
      'vitest.config.ts': '',
    },
    broken: [
      'src/utils/a.ts:1',
      'src/lib/string-helpers.ts:1',
      'src/lib/service.ts:1',
      'src/lib/session-manager.test.ts:1',
      'src/lib/camelCase.ts:1',
      'test/Upper.test.ts:1',
    ],
  },
  {
    rule: 'everything exported has a docstring',
    files: {
      'src/lib/a.ts':
        'export function f() {}\nexport interface I {}\nexport type T = 1;\nexport const c = 1;\nexport class C {}',
      'src/lib/b.ts': '/** Says. */\nexport function f() {}\n/** Says. */\nexport const c = 1;\nconst d = 1;',
      'src/lib/c.ts': '// not a docstring\nexport function f() {}',
      'src/lib/d.ts': 'const late = 1;\nexport { late };\n/** Says. */\nconst told = 1;\nexport { told };',
      'src/lib/e.ts': '/** Says. */\nexport function f(a: 1): void;\nexport function f(a: 2): void;',
      'src/lib/f.test.ts': 'export function f() {}',
    },
    broken: [
      'src/lib/a.ts:1',
      'src/lib/a.ts:2',
      'src/lib/a.ts:3',
      'src/lib/a.ts:4',
      'src/lib/a.ts:5',
      'src/lib/c.ts:2',
      'src/lib/d.ts:1',
    ],
  },
  {
    rule: 'no check is silenced',
    files: {
      'src/lib/a.ts': '// biome-ignore lint: x\nf();\n/* @ts-ignore */\nf(); // @ts-expect-error',
      'src/lib/b.test.ts': '// @ts-expect-error a wrong order does not compile\nf();',
      'bench/c.ts': '/* eslint-disable */',
      'src/pipeline.ts': '// biome-ignore format: a table\nf();',
      'test/d.ts': '// @ts-nocheck',
      'src/lib/e.ts': ['const text = "// @ts-ignore" + `// biome-ignore $', '{x} // @ts-ignore`;'].join(''),
    },
    broken: ['src/lib/a.ts:1', 'src/lib/a.ts:3', 'src/lib/a.ts:4', 'bench/c.ts:1', 'test/d.ts:1'],
  },
  {
    rule: 'comments tell neither history nor plans',
    files: {
      'src/lib/a.ts':
        '// TODO: more\nf(); // FIXME\n/**\n * Fine.\n * HACK for x\n */\ng();\n// Previously it did x',
      'src/lib/b.ts': '// The list of TODO words is in DESIGN\nconst s = "// TODO";',
    },
    broken: ['src/lib/a.ts:1', 'src/lib/a.ts:2', 'src/lib/a.ts:5', 'src/lib/a.ts:8'],
  },
];

describe('a rule of the architecture', () => {
  it.each(EXAMPLES)('finds what breaks it and nothing else: $rule', ({ rule, files, broken }) => {
    expect(places(rule, files)).toEqual(broken);
  });

  it('has an example that breaks it', () => {
    const shown = new Set(EXAMPLES.filter(({ broken }) => broken.length > 0).map(({ rule }) => rule));
    expect(RULES.map(({ name }) => name).filter((name) => !shown.has(name))).toEqual([]);
  });
});
