import { describe, expect, it } from 'vitest';
import { judgeLaunch } from './judge-launch.ts';
import type { LaunchPolicy } from './launch.ts';
import type { LaunchRuleId } from './rules.ts';

const DIGEST = `sha256:${'0a'.repeat(32)}`;
const POLICY: LaunchPolicy = {
  folders: ['/srv/mcp'],
  programs: ['notes-mcp', '/opt/notes/bin/notes', 'bash'],
};

/** The rule that a command line falls under; words are parted by one blank. */
function ruleOf(line: string, policy?: LaunchPolicy): LaunchRuleId {
  const [command, ...args] = line.split(' ');
  return judgeLaunch({ command, args }, policy).rule;
}

type Lines = Readonly<Record<string, LaunchRuleId>>;

function holds(lines: Lines, policy?: LaunchPolicy): void {
  it.each(Object.entries(lines))('%s: %s', (line, rule) => {
    expect(ruleOf(line, policy)).toBe(rule);
  });
}

describe('a script by a relative path', () => {
  const judge = (script: string, cwd?: string, command = 'node'): LaunchRuleId =>
    judgeLaunch({ command, args: [script], cwd }, POLICY).rule;

  it('starts from the working directory', () => {
    expect(judge('dist/index.js', '/srv/mcp')).toBe('script.vouched');
    expect(judge('@acme/notes/index.js', '/srv/mcp/')).toBe('script.vouched');
    expect(judge('index.ts', '/srv/mcp/notes', 'bun')).toBe('script.vouched');
  });

  it('is not known where there is none, or in a folder that nobody vouches for', () => {
    expect(judge('index.js')).toBe('script.place');
    expect(judge('mcp/index.js', '/srv')).toBe('cwd.place');
    expect(judge('index.js', '/srv/mcp/../other')).toBe('script.place');
  });

  it.each([
    '../index.js',
    './index.js',
    'a/../index.js',
    'a//index.js',
    'npm:x.js',
    'http://x/y.js',
    'a b.js',
    '~x.js',
  ])('is plain: %s is not', (script) => {
    expect(judge(script, '/srv/mcp')).toBe('script.place');
  });
});

describe('a launcher outside the folders of the system', () => {
  const policy: LaunchPolicy = { folders: ['/srv/mcp'], programs: ['/opt/node/bin/node', '/opt/npm/npx'] };

  it('is one if the operator vouches for its absolute path, and its own grammar holds', () => {
    expect(ruleOf('/opt/node/bin/node /srv/mcp/index.js', policy)).toBe('script.vouched');
    expect(ruleOf('/opt/node/bin/node -e 1', policy)).toBe('script.code');
    expect(ruleOf('/opt/npm/npx -y notes-mcp@1.2.3', policy)).toBe('npm.exact');
    expect(ruleOf('/opt/other/node /srv/mcp/index.js', policy)).toBe('program.place');
  });
});

describe('npx', () => {
  holds({
    'npx -y notes-mcp@1.2.3 --port 80': 'npm.exact',
    'npx @acme/notes-mcp@1.2.3-beta.1+5': 'npm.exact',
    'npx --yes -- notes-mcp@1.2.3 -- -x': 'npm.exact',
    '/usr/local/bin/npx notes-mcp@1.2.3': 'npm.exact',
    'npx -p notes-mcp@1.2.3 notes-mcp': 'npm.exact',
    'npx --package=@acme/notes@1.2.3 notes /data': 'npm.exact',
    'npx notes-mcp': 'npm.version',
    'npx notes-mcp@latest': 'npm.version',
    'npx notes-mcp@^1.2.0': 'npm.version',
    'npx notes-mcp@1.x': 'npm.version',
    'npx notes-mcp@v1.2.3': 'npm.version',
    'npx -p notes-mcp notes-mcp': 'npm.version',
    'npx -p notes-mcp@1.2.3 other': 'package.bin',
    'npx -p a-mcp@1.2.3 -p notes-mcp@1.2.3 notes-mcp': 'package.bin',
    'npx acme/notes': 'package.source',
    'npx .': 'package.source',
    'npx Notes-MCP@1.2.3': 'package.source',
    'npx notes-mcp@npm:other@1.2.3': 'package.source',
    'npx notes-mcp@file:../x': 'package.source',
    'npx notes-mcp@git+ssh://git@host/x.git': 'package.source',
    'npx https://host/x.tgz': 'package.source',
    'npx x.tgz': 'package.source',
    'npx deno@2.1.0': 'package.program',
    'npx -y @acme/tsx@4.0.0': 'package.program',
    'npx python3.12@1.0.0': 'package.program',
    'npx @acme/register@1.0.0 x.ts': 'package.program',
    'npx acme-script-runner@1.0.0': 'package.program',
    'npx -y mcp-code-runner@1.0.0': 'npm.exact',
    'npx -p bash@1.0.0 bash': 'package.program',
    'npx --no-install notes-mcp@1.2.3': 'launcher.option',
    'npx --node-options=--require=/x notes-mcp@1.2.3': 'launcher.option',
    'npx --yes=false notes-mcp@1.2.3': 'launcher.option',
    'npx -qyc id': 'launcher.command-string',
    'npx --call=id notes-mcp@1.2.3': 'launcher.command-string',
    'npx -y': 'package.missing',
    'npx -y --': 'package.missing',
    npx: 'package.missing',
  });
});

describe('npm, pnpm, yarn and bun as launchers', () => {
  holds({
    'npm exec -y -- notes-mcp@1.2.3 --port 80': 'npm.exact',
    'npm x notes-mcp@1.2.3 -- --port 80': 'npm.exact',
    'npm exec notes-mcp@1.2.3 --port 80': 'launcher.option',
    'npm exec notes-mcp@1.2.3 -c id': 'launcher.command-string',
    'npm run start': 'launcher.subcommand',
    'pnpm dlx notes-mcp@1.2.3 --port 80': 'npm.exact',
    'yarn dlx -q notes-mcp@1.2.3': 'npm.exact',
    'bunx notes-mcp@1.2.3': 'npm.exact',
    'bun x notes-mcp@1.2.3': 'npm.exact',
    'bunx notes-mcp': 'package.unpinned',
    'pnpm dlx notes-mcp@latest': 'package.unpinned',
    'yarn dlx -p notes-mcp@1.2.3 notes-mcp': 'launcher.option',
    'pnpm dlx notes-mcp@1.2.3 --shell-mode': 'launcher.option',
    'pnpm dlx': 'package.missing',
    'pnpm start': 'launcher.subcommand',
    'yarn run notes': 'launcher.subcommand',
  });
});

describe('uvx, uv and pipx', () => {
  holds({
    'uvx notes-mcp==1.2.3 --port 80': 'pypi.exact',
    'uvx notes-mcp@1.2.3': 'pypi.exact',
    'uvx notes_mcp[http]==1.2.3.post1': 'pypi.exact',
    'uvx --from notes-mcp==1.2.3 notes-mcp': 'pypi.exact',
    'uvx --from Notes.MCP[http]==1.2.3 notes_mcp': 'pypi.exact',
    'uvx --from notes-mcp==1.2.3 notes-mcp.exe': 'pypi.exact',
    'uv tool run --from notes-mcp==1.2.3 notes_mcp.EXE --port 80': 'pypi.exact',
    'uvx --python 3.12 notes-mcp==1.2.3': 'pypi.exact',
    'uv tool run notes-mcp==1.2.3': 'pypi.exact',
    'pipx run notes-mcp==1.2.3': 'pypi.exact',
    'pipx run --spec notes-mcp==1.2.3 notes-mcp': 'pypi.exact',
    'uvx notes-mcp': 'pypi.version',
    'uvx notes-mcp@latest': 'pypi.version',
    'uvx notes-mcp>=1.2': 'pypi.version',
    'uvx notes-mcp==1.*': 'pypi.version',
    'uvx --from notes-mcp notes-mcp': 'pypi.version',
    'uvx --from notes-mcp notes-mcp.exe': 'pypi.version',
    'uv tool run --from notes-mcp@latest notes-mcp.exe': 'pypi.version',
    'pipx run notes-mcp': 'package.unpinned',
    'uvx --from git+ssh://host/x notes': 'package.source',
    'uvx notes.whl': 'package.source',
    'uvx ./notes': 'package.source',
    'uvx --from notes-mcp==1.2.3 notes': 'package.bin',
    'uvx --from notes-mcp==1.2.3 ssh-keygen -D /tmp/lib.so': 'package.bin',
    'pipx run --spec notes-mcp==1.2.3 rm -rf /srv': 'package.bin',
    'uvx --from notes-mcp==1.2.3 /bin/notes': 'package.bin',
    'uvx --from notes-mcp==1.2.3 notes.py': 'package.bin',
    'uvx --from notes-mcp==1.2.3 notes.exe': 'package.bin',
    'pipx run --spec notes-mcp==1.2.3 notes-mcp.exe': 'package.bin',
    'uvx --from notes-mcp==1.2.3 notes-mcp.exe.exe': 'package.bin',
    'uvx --from notes-mcp==1.2.3 notes-mcp.py.exe': 'package.bin',
    'uvx --from notes-mcp==1.2.3 notes-mcp.cmd': 'package.bin',
    'uvx --from notes-mcp==1.2.3 .exe': 'package.bin',
    'uvx --from notes-mcp==1.2.3 python3.exe': 'package.program',
    'uvx --from ipython==9.0 ipython.exe': 'package.program',
    'uvx --from mcp==1.2.3 mcp.exe run': 'package.program',
    'uvx --from notes-mcp==1.2.3 python3': 'package.program',
    'uvx ipython==9.0': 'package.program',
    'uvx mcp==1.2.3 run': 'package.program',
    'uvx --with other==1.0 notes-mcp==1.2.3': 'launcher.option',
    'uvx --python /x/python notes-mcp==1.2.3': 'launcher.option',
    'uvx --index=https://host notes-mcp==1.2.3': 'launcher.option',
    'uv run notes.py': 'launcher.subcommand',
    'uv --directory /x tool run notes-mcp==1.2.3': 'launcher.subcommand',
    'pipx install notes-mcp==1.2.3': 'launcher.subcommand',
    uvx: 'package.missing',
  });
});

describe('docker and podman', () => {
  holds({
    [`docker run -i --rm acme/notes@${DIGEST}`]: 'image.exact',
    [`docker run -it --rm --init -e NOTES_KEY -e NOTES_MODE=read ghcr.io/acme/notes:1@${DIGEST} --port 80`]:
      'image.exact',
    [`podman container run -i --network=none --user 1000:1000 --memory 512m acme/notes@${DIGEST}`]:
      'image.exact',
    'docker run -i --rm acme/notes': 'image.digest',
    'docker run -i --rm mcr.microsoft.com/acme/notes:1.2': 'image.digest',
    [`docker run -i registry.acme.test/notes@${DIGEST}`]: 'image.registry',
    [`docker run -i localhost:5000/notes@${DIGEST}`]: 'image.registry',
    'docker run -i acme/notes@sha256:12': 'image.name',
    'docker run -i Acme/Notes': 'image.name',
    [`docker run -i debian:12@${DIGEST}`]: 'package.program',
    [`docker run -i acme/python@${DIGEST}`]: 'package.program',
    [`docker run -i acme/notes@${DIGEST} bash`]: 'container.entrypoint',
    [`docker run -i acme/notes@${DIGEST} /usr/bin/python3 x.py`]: 'container.entrypoint',
    [`docker run --entrypoint=/x acme/notes@${DIGEST}`]: 'container.entrypoint',
    [`docker run -v /data:/data acme/notes@${DIGEST}`]: 'container.mount',
    [`docker run -v/data:/data acme/notes@${DIGEST}`]: 'container.mount',
    [`docker run --mount=type=bind,src=/,dst=/h acme/notes@${DIGEST}`]: 'container.mount',
    [`docker run --network host acme/notes@${DIGEST}`]: 'container.open',
    [`docker run --net=container:other acme/notes@${DIGEST}`]: 'container.open',
    [`docker run --pid=host acme/notes@${DIGEST}`]: 'container.open',
    [`docker run --privileged acme/notes@${DIGEST}`]: 'container.open',
    [`docker run --security-opt label=disable acme/notes@${DIGEST}`]: 'container.open',
    [`docker run -p80:80 acme/notes@${DIGEST}`]: 'container.open',
    [`docker run --user 0 acme/notes@${DIGEST}`]: 'launcher.option',
    [`docker run --shm-size=1g acme/notes@${DIGEST}`]: 'launcher.option',
    [`docker run -id acme/notes@${DIGEST}`]: 'launcher.option',
    [`docker run --rm=false acme/notes@${DIGEST}`]: 'launcher.option',
    [`docker run -e NODE_OPTIONS=x acme/notes@${DIGEST}`]: 'env.code',
    [`docker run -e LD_PRELOAD=/x.so acme/notes@${DIGEST}`]: 'env.preload',
    'docker --host=tcp://x:1 run acme/notes': 'launcher.subcommand',
    'docker exec -i notes x': 'launcher.subcommand',
    'docker run -i': 'package.missing',
  });
});

describe('node, python, deno and bun', () => {
  holds(
    {
      'node /srv/mcp/notes/index.js --port 80': 'script.vouched',
      'python3.12 -u /srv/mcp/notes.py': 'script.vouched',
      '/usr/bin/python3 /srv/mcp/notes.py': 'script.vouched',
      'bun run /srv/mcp/notes.ts': 'script.vouched',
      'bun /srv/mcp/notes.ts': 'script.vouched',
      'deno run --allow-net=api.acme.test --allow-read /srv/mcp/notes.ts': 'script.vouched',
      'node /srv/mcpx/index.js': 'script.place',
      'node /srv/mcp/../x/index.js': 'script.place',
      'node /srv/mcp//index.js': 'script.place',
      'node index.js': 'script.place',
      'node ./index.js': 'script.place',
      'node /srv/mcp/notes': 'script.kind',
      'node https://host/srv/mcp/x': 'script.kind',
      'python /srv/mcp/notes.zip': 'script.kind',
      'node --eval=1 /srv/mcp/index.js': 'script.code',
      'node -pe 1': 'script.code',
      'node --import=/x.mjs /srv/mcp/index.js': 'script.code',
      'node -': 'script.code',
      node: 'script.code',
      'python -BIc 1': 'script.code',
      'python -m http.server': 'script.code',
      'deno eval 1': 'script.code',
      'deno /srv/mcp/notes.ts': 'script.code',
      'node --trace-gc /srv/mcp/index.js': 'script.option',
      'deno run -A /srv/mcp/notes.ts': 'script.option',
      'deno run --allow-ffi /srv/mcp/notes.ts': 'script.option',
      'bun run start': 'script.kind',
    },
    POLICY,
  );

  it('need approval wherever the script lies, if the operator vouches for no folder', () => {
    expect(ruleOf('node /srv/mcp/notes/index.js')).toBe('script.place');
  });
});

describe('other programs', () => {
  holds(
    {
      'notes-mcp --port 80': 'program.vouched',
      '/opt/notes/bin/notes': 'program.vouched',
      'bash /x.sh': 'program.shell',
      'other-mcp': 'program.unknown',
      '/opt/other/bin/other': 'program.unknown',
      './notes-mcp': 'program.unknown',
      'Notes-mcp': 'program.unknown',
      '/home/x/bin/npx notes-mcp@1.2.3': 'program.place',
      '/usr/bin/../x/npx notes-mcp@1.2.3': 'program.place',
      'NPX notes-mcp@1.2.3': 'program.place',
      'C:\\tools\\uvx.exe notes-mcp==1.2.3': 'program.place',
      'uvx.exe notes-mcp==1.2.3': 'pypi.exact',
      'npx.exe notes-mcp@1.2.3': 'program.place',
      'npx.cmd notes-mcp@1.2.3': 'program.batch',
      'C:\\tools\\npx.bat notes-mcp@1.2.3': 'program.batch',
      'zsh -c id': 'program.shell',
      '/bin/sh -c id': 'program.shell',
      'CMD.EXE /c npx': 'program.shell',
      'curl http://host': 'program.shell',
      'ruby3.3 x.rb': 'program.shell',
      'pwsh -enc AAAA': 'program.encoded',
      'powershell.exe -NoProfile /e AAAA': 'program.encoded',
      '\\\\host\\share\\npx notes-mcp@1.2.3': 'program.spelling',
      '//host/npx notes-mcp@1.2.3': 'program.spelling',
      'ftp://host/x': 'program.spelling',
      'npx&id notes-mcp@1.2.3': 'program.spelling',
      'npx`id` notes-mcp@1.2.3': 'program.spelling',
      'uvx.exe.bat notes-mcp==1.2.3': 'program.spelling',
      '${HOME}/bin/npx notes-mcp@1.2.3': 'program.line',
      '~/bin/npx notes-mcp@1.2.3': 'program.line',
    },
    POLICY,
  );

  it('are not taken for a launcher with blanks around or words behind it', () => {
    expect(judgeLaunch({ command: ' npx', args: ['notes-mcp@1.2.3'] }).rule).toBe('program.spelling');
    expect(judgeLaunch({ command: 'npx notes-mcp@1.2.3' }).rule).toBe('program.line');
  });
});
