import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { growsInLine } from '../../../test/support/growth.ts';
import { hasHidden } from '../../lib/hidden-text.ts';
import { judgeLaunch } from './judge-launch.ts';
import { LAUNCH_RULES, VERDICTS } from './rules.ts';
import { showLaunch } from './show-launch.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;
const COMMANDS = [
  'npx',
  'npm',
  'pnpm',
  'yarn',
  'bunx',
  'bun',
  'uvx',
  'uv',
  'pipx',
  'docker',
  'podman',
  'node',
  'python3',
  'deno',
  'sh',
  'cmd',
];
const HARMLESS = [
  '-y',
  '--',
  '-i',
  '--rm',
  'exec',
  'dlx',
  'x',
  'run',
  'tool',
  'a-mcp@1.2.3',
  'a-mcp==1.2.3',
  `a/b@${DIGEST}`,
  '--from',
  '-p',
  '--package',
  '/srv/mcp/a.js',
];
/** Words that hand over the machine where a launcher takes them for its own. */
const HARMFUL = [
  ...[
    '-c',
    '-yc',
    '--call',
    '--call=id',
    '-e',
    '-pe',
    '--eval',
    '-r',
    '--require=/x',
    '--import',
    '--loader',
    '-Ic',
    '-m',
    '-',
  ],
  ...[
    '--prefix',
    '--registry=http://x',
    '--node-options=x',
    '--script-shell=/x',
    '--with',
    '--index-url',
    '--find-links',
  ],
  ...[
    '-v',
    '/:/h',
    '--privileged',
    '--network=host',
    '--pid=host',
    '--cap-add=ALL',
    '--device=/dev/sda',
    '--entrypoint',
    '-A',
  ],
  ...[
    'sh',
    'bash',
    '/bin/sh',
    'node',
    'python',
    'tsx',
    'alpine',
    'git+https://x/y',
    'file:/x',
    '/evil',
    './evil',
    'a/b',
    'x@npm:y@1.0.0',
    'https://x/y.tgz',
  ],
  ...['a\u202eb', 'a\u0000', '$(id)', '`id`', 'a;b', '../x', 'a-mcp@latest', 'a-mcp'],
];
const word = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...HARMLESS) },
  { weight: 1, arbitrary: fc.constantFrom(...HARMFUL) },
);
const launch = fc.record({ command: fc.constantFrom(...COMMANDS), args: fc.array(word, { maxLength: 6 }) });
const POLICY = { folders: ['/srv/mcp'], programs: ['sh', 'cmd'] };

/** What an accepted command may look like, written once more and apart from the code that judges. */
const ACCEPTED: readonly RegExp[] = [
  /^npx (?:-y )*(?:-- )?a-mcp@1\.2\.3(?: |$)/,
  /^npx (?:-y )*(?:-p|--package) (?:-y )*a-mcp@1\.2\.3 (?:-y )*(?:-- )?a-mcp(?: |$)/,
  /^npm (?:exec|x) (?:-y )*(?:-- )?a-mcp@1\.2\.3(?: (?!-)\S+)*(?: --(?: .*)?)?$/,
  /^npm (?:exec|x) (?:-y )*-- a-mcp@1\.2\.3(?: |$)/,
  /^(?:(?:pnpm|yarn) dlx|bunx|bun x) (?:-y )*(?:-- )?a-mcp@1\.2\.3(?: |$)/,
  /^(?:uvx|uv tool run|pipx run) (?:-- )?a-mcp(?:==|@)1\.2\.3(?: |$)/,
  /^(?:uvx|uv tool run) --from a-mcp(?:==|@)1\.2\.3 (?:-- )?a-mcp(?: |$)/,
  /^(?:docker|podman) run (?:(?:-i|--rm) )*(?:-- )?a\/b@sha256:[0-9a-f]{64}(?: |$)/,
  /^(?:node|python3|bun|bun run|deno run) (?:-- )?\/srv\/mcp\/a\.js(?: |$)/,
];

describe('judgeLaunch', () => {
  it('accepts no launch that is not in one of the known forms', () => {
    let accepted = 0;
    fc.assert(
      fc.property(launch, (value) => {
        const { verdict } = judgeLaunch(value, POLICY);
        if (verdict !== 'accept') return;
        accepted += 1;
        const line = [value.command, ...value.args].join(' ');
        expect(ACCEPTED.filter((form) => form.test(line))).not.toEqual([]);
        expect(hasHidden(line)).toBe(false);
        expect(line).not.toMatch(
          /[;`]|\$\(|(?:^| )(?:-c|-e|--eval|--require\S*|sh|bash|\/bin\/sh)(?: |$)|\.\.\//,
        );
      }),
      { numRuns: 20_000 },
    );
    expect(accepted).toBeGreaterThan(10);
  });

  it('accepts no launch with a variable that run-times, loaders, launchers or shells listen to', () => {
    const families = [
      'LD_',
      'DYLD_',
      'NODE_OPTIONS',
      'PYTHONPATH',
      'npm_config_',
      'NPM_CONFIG_',
      'UV_',
      'PIP_',
      'BASH_FUNC_',
      'GIT_',
      'DOCKER_',
      'JAVA_',
      'RUBY',
      'PERL5',
    ];
    const name = fc
      .tuple(fc.constantFrom(...families), fc.stringMatching(/^[A-Za-z_]{1,12}$/))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(name, fc.string(), (variable, value) => {
        fc.pre(!/^GIT_(?:BRANCH|REPO|REPOSITORY|TOKEN|USERNAME|USER)$/.test(variable));
        const judged = judgeLaunch({ command: 'npx', args: ['a-mcp@1.2.3'], env: { [variable]: value } });
        expect(judged.verdict).not.toMatch(/^(?:accept|needs-version)$/);
      }),
    );
  });

  it('accepts no character that cannot be seen, wherever it stands', () => {
    const hidden = fc.constantFrom(
      '\u0000',
      '\u001b',
      '\u00ad',
      '\u200b',
      '\u202e',
      '\u2066',
      '\u3164',
      '\u{e0041}',
      '\ufe0f',
      '\ud800',
    );
    fc.assert(
      fc.property(
        hidden,
        fc.constantFrom('command', 'package', 'arg', 'name', 'value', 'cwd'),
        (character, place) => {
          const mark = (text: string, here: string): string =>
            here === place ? `${text}${character}x` : text;
          const value = {
            command: mark('docker', 'command'),
            args: ['run', '-i', mark(`a/b@${DIGEST}`, 'package'), mark('arg', 'arg')],
            env: { [mark('NOTES_KEY', 'name')]: mark('k', 'value') },
            cwd: mark('/srv', 'cwd'),
          };
          expect(judgeLaunch(value).verdict).toBe('refuse');
          expect(showLaunch(value).some((line) => hasHidden(line))).toBe(false);
        },
      ),
    );
  });

  it('judges whatever it is given, and gives a rule of the list with its verdict', () => {
    const near = fc.record(
      { command: fc.anything(), args: fc.anything(), env: fc.anything(), cwd: fc.anything() },
      { requiredKeys: [] },
    );
    const texts = fc.record({
      command: fc.string({ unit: 'binary' }),
      args: fc.array(fc.string({ unit: 'binary' })),
      env: fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })),
    });
    fc.assert(
      fc.property(fc.oneof(fc.anything(), near, texts), (value) => {
        const { verdict, rule, reason } = judgeLaunch(value);
        expect(VERDICTS).toContain(verdict);
        expect(LAUNCH_RULES[rule].verdict).toBe(verdict);
        expect(reason).toMatch(/\S\.$/);
        expect(verdict).not.toBe('accept');
      }),
      { numRuns: 2000 },
    );
  });

  it('takes a time that grows with the length of its texts alone', () => {
    for (const part of [' ', '-', '@', '../', 'a-', '{{', '<a', '_A', '=1.', '"', '$', 'sh ']) {
      const isInLine = growsInLine(50_000, (size) => {
        const text = part.repeat(size / part.length);
        judgeLaunch({ command: text, args: [text], env: { A_B: text, [text]: 'x' }, cwd: text });
        judgeLaunch({ command: 'npx', args: [text] });
        judgeLaunch({ command: 'uvx', args: ['--from', text, text] });
        judgeLaunch({ command: 'docker', args: ['run', '-e', text, text] });
      });
      expect([part, isInLine]).toEqual([part, true]);
    }
  });
});
