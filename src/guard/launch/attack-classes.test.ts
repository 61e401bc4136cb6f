import { describe, expect, it } from 'vitest';
import { judgeLaunch } from './judge-launch.ts';
import type { LaunchRuleId } from './rules.ts';

const GOOD = { command: 'npx', args: ['-y', 'notes-mcp@1.2.3'] };
const withEnv = (name: string, value: string): LaunchRuleId =>
  judgeLaunch({ ...GOOD, env: { [name]: value } }).rule;
const withArg = (arg: string): LaunchRuleId => judgeLaunch({ ...GOOD, args: [...GOOD.args, arg] }).rule;

describe('variables', () => {
  it('that a program of its own reads are accepted', () => {
    const honest = {
      NOTES_API_KEY: 'k-1234',
      NOTES_BASE_URL: 'https://api.acme.test/v1?a=1&b=2',
      NOTES_DB_URL: 'postgres://u:p;x@db.acme.test/notes',
      NOTES_DATA_DIR: '/srv/notes',
      NOTES_FILE_PATH: '/srv/notes.json',
      NOTES_PRIVATE_KEY: '-----BEGIN PRIVATE KEY-----AAAA',
      NOTES_CHAT_ID: '-1001',
      NODE_ENV: 'production',
      PYTHONUNBUFFERED: '1',
      LOG_LEVEL: 'debug',
      HOME_ASSISTANT_URL: 'http://ha.acme.test:8123',
      ZOTERO_LIBRARY_ID: '12',
      MAKE_API_KEY: 'k',
      RUST_LOG: 'info',
      DEBUG: true,
      PORT: 8080,
    };
    expect(judgeLaunch({ ...GOOD, env: honest })).toMatchObject({ verdict: 'accept' });
  });

  it.each([
    ['LD_PRELOAD', 'env.preload'],
    ['DYLD_INSERT_LIBRARIES', 'env.preload'],
    ['BASH_ENV', 'env.preload'],
    ['BASH_FUNC_ls%%', 'env.preload'],
    ['NODE_OPTIONS', 'env.code'],
    ['Node_Options', 'env.code'],
    ['PYTHONPATH', 'env.code'],
    ['PYTHONSTARTUP', 'env.code'],
    ['GIT_SSH', 'env.code'],
    ['VISUAL', 'env.code'],
    ['LESSOPEN', 'env.code'],
    ['JDK_JAVA_OPTIONS', 'env.code'],
    ['RUBYLIB', 'env.code'],
    ['CARGO_BUILD_RUSTC', 'env.code'],
    ['ELECTRON_RUN_AS_NODE', 'env.code'],
    ['PATH', 'env.source'],
    ['Path', 'env.source'],
    ['HOME', 'env.source'],
    ['PUPPETEER_DOWNLOAD_BASE_URL', 'env.source'],
    ['PLAYWRIGHT_DOWNLOAD_HOST', 'env.source'],
    ['CHROMEDRIVER_CDNURL', 'env.source'],
    ['HF_ENDPOINT', 'env.source'],
    ['XDG_CONFIG_HOME', 'env.source'],
    ['npm_config_cache', 'env.source'],
    ['UV_TOOL_DIR', 'env.source'],
    ['CONTAINER_HOST', 'env.source'],
    ['https_proxy', 'env.trust'],
    ['GRPC_DEFAULT_SSL_ROOTS_FILE_PATH', 'env.trust'],
    ['ALL_PROXY', 'env.trust'],
    ['NOTES_SSL_VERIFY', 'env.trust'],
    ['NOTES_CA_BUNDLE', 'env.trust'],
    ['NOTES_PLUGIN_DIR', 'env.unknown'],
    ['NOTES_EXTRA_ARGS', 'env.unknown'],
    ['NOTES_SHELL', 'env.unknown'],
    ['NOTES_CONFIG', 'env.unknown'],
    ['ACME_PATH', 'env.unknown'],
    ['ACME_HOME', 'env.unknown'],
    ['notesKey', 'env.unknown'],
    ['ANYTHING', 'env.unknown'],
    ['A-B', 'env.name'],
    ['A B', 'env.name'],
    ['1A', 'env.name'],
    ['', 'env.name'],
    ['NОTES_KEY', 'env.name'],
    ['NOTES\u200b_KEY', 'text.hidden'],
  ])('%s is not one of them', (name, rule) => {
    expect(withEnv(name, 'x')).toBe(rule);
  });

  it.each([
    ['() { id; }', 'env.value'],
    ['$(id)', 'env.value'],
    ['`id`', 'env.value'],
    ['--require=/x.js', 'env.value'],
    ['-javaagent:/x.jar', 'env.value'],
    ['/tmp/x', 'env.value'],
    ['C:\\x', 'env.value'],
    ['data:text/javascript,1', 'env.value'],
    ['http://169.254.169.254/latest', 'env.value'],
    ['bash -c id', 'env.value'],
    ['a\u202eb', 'text.hidden'],
    ['a\u0000b', 'text.hidden'],
    ['a\nb', 'args.lines'],
    ['x'.repeat(9000), 'args.long'],
  ])('whose value is %j need a look', (value, rule) => {
    expect(withEnv('NOTES_MODE', value)).toBe(rule);
  });

  it('that name a place of data may not name a file of code', () => {
    expect(withEnv('NOTES_FILE', '/x/libx.so.1')).toBe('env.value');
    expect(withEnv('NOTES_FILE', '/x/hook.mjs')).toBe('env.value');
  });
});

describe('arguments of the server', () => {
  it.each([
    'https://api.acme.test/mcp?a=1&b=2',
    '--header=Authorization: Bearer abc',
    '{{project.path}}',
    '<path to your folder>',
    '/srv/my notes (old)',
    '--name=Zoë',
    'postgresql://u:p@db.acme.test/notes?sslmode=require&x=1',
    '-v',
    '-p',
    '--stdio',
  ])('such as %s are accepted', (arg) => {
    expect(withArg(arg)).toBe('npm.exact');
  });

  it.each([
    ['a;id', 'args.shell'],
    ['a|id', 'args.shell'],
    ['a&&id', 'args.shell'],
    ['$(id)', 'args.shell'],
    ['`id`', 'args.shell'],
    ['>/etc/x', 'args.shell'],
    ['%COMSPEC%', 'args.shell'],
    ['" & calc', 'args.shell'],
    ['http://x/;id', 'args.shell'],
    ['http://169.254.169.254/', 'args.shell'],
    ['-e', 'args.code'],
    ['--eval=1', 'args.code'],
    ['--require', 'args.code'],
    ['--node-options=x', 'args.code'],
    ['--exec', 'args.code'],
    ['sh', 'args.program'],
    ['/bin/bash', 'args.program'],
    ['--with=powershell.exe', 'args.program'],
    ['sh -c id', 'args.program'],
    ['--stdio=npx -y other-mcp', 'args.program'],
    ['node /x.js', 'args.program'],
    ['../../etc/passwd', 'args.traversal'],
    ['--file=..\\x', 'args.traversal'],
    ['a\tb', 'args.lines'],
    ['a\u001b[2K', 'text.hidden'],
    ['a\u{e0041}b', 'text.hidden'],
    ['x'.repeat(2000), 'args.long'],
  ])('such as %j need a look', (arg, rule) => {
    expect(withArg(arg)).toBe(rule);
  });

  it('are not read by people if there are too many', () => {
    expect(judgeLaunch({ ...GOOD, args: [...GOOD.args, ...Array(300).fill('a')] }).rule).toBe('args.long');
  });
});

describe('names', () => {
  it.each([
    ['nр\u0078', 'text.lookalike'],
    ['ｎｐｘ', 'text.lookalike'],
    ['np\u00adx', 'text.hidden'],
    ['npx\u0000', 'program.spelling'],
  ])('of commands are ASCII: %j', (command, rule) => {
    const { verdict, findings } = judgeLaunch({ ...GOOD, command });
    expect(verdict).toBe('refuse');
    expect(findings.map((finding) => finding.rule)).toContain(rule);
  });

  it.each(['nоtes-mcp@1.2.3', '@асme/notes@1.2.3', 'notes-mcp@１.2.3'])(
    'of packages are ASCII: %s',
    (name) => {
      expect(judgeLaunch({ command: 'npx', args: [name] }).rule).toBe('text.lookalike');
      expect(judgeLaunch({ command: 'uvx', args: [name] }).rule).toBe('text.lookalike');
    },
  );
});

describe('the working directory', () => {
  const inFolder = (cwd: unknown, folders: readonly string[] = []): LaunchRuleId =>
    judgeLaunch({ ...GOOD, cwd }, { folders, programs: [] }).rule;

  it('is absolute, without steps back', () => {
    for (const cwd of ['', '.', 'x', '../x', '/srv/../etc', '/srv/./x', '~/x', '${HOME}'])
      expect(inFolder(cwd)).toBe('cwd.relative');
  });

  it('is vouched for where launchers look for programs in it', () => {
    expect(inFolder('/srv/mcp')).toBe('cwd.place');
    expect(inFolder('/srv/mcp', ['/srv/mcp'])).toBe('npm.exact');
    expect(inFolder('/srv/mcp/a', ['/srv/mcp/'])).toBe('npm.exact');
    expect(inFolder('/srv/mcpx', ['/srv/mcp'])).toBe('cwd.place');
  });

  it('means nothing to docker', () => {
    const args = ['run', '-i', `acme/notes@sha256:${'0'.repeat(64)}`];
    expect(judgeLaunch({ command: 'docker', args, cwd: '/tmp' }).rule).toBe('image.exact');
  });
});

describe('what is no launch', () => {
  it.each([
    [null],
    [7],
    ['npx'],
    [[]],
    [{}],
    [{ command: ['npx'] }],
    [{ command: 'npx', args: 'notes-mcp@1.2.3' }],
    [{ command: 'npx', args: [1] }],
    [{ command: 'npx', env: ['A=1'] }],
    [{ command: 'npx', env: { A_KEY: null } }],
    [{ command: 'npx', env: { A_KEY: {} } }],
    [{ command: 'npx', cwd: 1 }],
  ])('is refused: %j', (value) => {
    expect(judgeLaunch(value)).toMatchObject({ verdict: 'refuse', rule: 'launch.malformed' });
  });
});

describe('a judgement', () => {
  it('is that of the worst rule, and says where', () => {
    const judgement = judgeLaunch({
      command: 'npx',
      args: ['notes-mcp', 'a;b'],
      env: { LD_PRELOAD: '/x.so' },
    });
    expect(judgement).toMatchObject({ verdict: 'refuse', rule: 'env.preload', isDangerous: true });
    expect(judgement.reason).toMatch(/^env\.LD_PRELOAD: \S.*\.$/);
    expect(judgement.findings.map(({ rule }) => rule)).toEqual(['env.preload', 'args.shell', 'npm.version']);
  });
});
