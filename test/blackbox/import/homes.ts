/** Home folders with the configuration files of clients, for tests of `gateward import`. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gatewardCommand } from '../../support/gateway.ts';

/** What every token of a test holds. */
export const CANARY = 'CANARY';

/** A home folder, and a folder for the gateway in it. */
export interface TestHome {
  readonly home: string;
  readonly configFile: string;
  readonly dataDir: string;
  /** Writes files by their path from the home folder. */
  write(files: Readonly<Record<string, string>>): Promise<void>;
  read(path: string): Promise<string>;
  /** Every file below the home folder with its bytes, by its path from there. */
  all(): Promise<Readonly<Record<string, string>>>;
  /** `last` comes behind what else is given. `maxFileKb`: no file may be written beyond it, as on a full disk. */
  run(
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
    last?: readonly string[],
    maxFileKb?: number,
  ): Promise<Ran>;
  remove(): Promise<void>;
}

/** What a command printed. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Makes an empty home folder. */
export async function makeHome(): Promise<TestHome> {
  const home = await mkdtemp(join(tmpdir(), 'gateward-import-'));
  const configFile = join(home, 'gateway', 'gateward.yaml');
  await mkdir(dirname(configFile));
  return {
    home,
    configFile,
    dataDir: join(home, 'gateway', 'data'),
    write: async (files) => {
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(home, path)), { recursive: true });
        await writeFile(join(home, path), content);
      }
    },
    read: (path) => readFile(join(home, path), 'utf8'),
    all: () => readAll(home),
    run: (args, env, last = [], maxFileKb = undefined) =>
      run([...args, '--config', configFile, ...last], { HOME: home, ...env }, maxFileKb),
    remove: () => rm(home, { recursive: true, force: true }),
  };
}

async function readAll(home: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const path of await readdir(home, { recursive: true })) {
    const full = join(home, path);
    if ((await stat(full)).isFile()) found[path] = await readFile(full, 'latin1');
  }
  return found;
}

async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  maxFileKb: number | undefined,
): Promise<Ran> {
  const limited = maxFileKb === undefined ? [] : ['bash', '-c', `ulimit -f ${maxFileKb}; exec "$@"`, 'bash'];
  const [program = '', ...before] = [...limited, ...gatewardCommand()];
  const child = spawn(program, [...before, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}

/** One server over HTTP and one over stdio with tokens, in the dialect of each client whose dialect differs. */
export const CLIENT_FILES: Readonly<Record<string, string>> = {
  '.claude.json': JSON.stringify(
    {
      numStartups: 3,
      mcpServers: {
        github: {
          type: 'http',
          url: 'https://github.example/mcp',
          headers: { Authorization: `Bearer ${CANARY}-github` },
        },
      },
      projects: {
        '/home/me/work': {
          hasTrustDialogAccepted: true,
          mcpServers: { local: { command: 'node', args: ['./server.js', `--token=${CANARY}-local`] } },
        },
      },
    },
    null,
    2,
  ),
  '.cursor/mcp.json': `{
  // my servers
  "mcpServers": {
    "GitHub": { "url": "https://github.example/mcp", "headers": { "Authorization": "Bearer ${CANARY}-github" } },
    "notes": { "command": "npx", "args": ["-y", "notes-mcp@1.2.3"], "env": { "NOTES_API_KEY": "${CANARY}-cursor" } }, // old
  },
}
`,
  '.config/Code/User/mcp.json': `{"inputs":[],"servers":{"code":{"type":"sse","url":"https://code.example/sse?api_key=${CANARY}-code"}}}`,
  '.config/Claude/claude_desktop_config.json': `{"mcpServers":{"desktop":{"command":"uvx","args":["desk-mcp==1.0.0","postgresql://me:${CANARY}-desk@db/x"]}}}`,
  '.codeium/windsurf/mcp_config.json': `{"mcpServers":{"surf":{"serverUrl":"https://surf.example/mcp","headers":{"X-Api-Key":"${CANARY}-surf"}}}}`,
  '.codex/config.toml': `# mine
model = "o"

[mcp_servers.codex]
command = "npx"
args = ["-y", "codex-mcp@1.0.0"]
[mcp_servers.codex.env]
CODEX_TOKEN = "${CANARY}-codex"

[profiles.x]
model = "p" # why
`,
  '.gemini/settings.json': `{"theme":"x","mcpServers":{"gem":{"httpUrl":"https://gem.example/mcp","headers":{"X-Key":"${CANARY}-gem"}}}}`,
  '.config/zed/settings.json': `{
  // editor
  "vim_mode": true,
  "context_servers": { "zed": { "command": { "path": "npx", "args": ["-y", "zed-mcp@1.0.0"], "env": { "ZED_TOKEN": "${CANARY}-zed" } } } }
}
`,
  '.continue/config.yaml': `name: mine
mcpServers:
  - name: cont
    command: npx
    args: ["-y", "cont-mcp@1.0.0"]
    env:
      CONT_TOKEN: ${CANARY}-cont
`,
  '.config/goose/config.yaml': `# mine
extensions:
  developer: { type: builtin, enabled: true }
  goose:
    type: stdio
    cmd: npx
    args: [-y, goose-mcp@1.0.0]
    envs: { GOOSE_TOKEN: ${CANARY}-goose }
    enabled: true
GOOSE_MODEL: x
`,
  '.config/opencode/opencode.json': `{"mcp":{"open":{"type":"local","command":["npx","-y","open-mcp@1.0.0"],"environment":{"OPEN_TOKEN":"${CANARY}-open"}}}}`,
  '.aws/amazonq/mcp.json': `{"mcpServers":{"amazon":{"command":"npx","args":["-y","q-mcp@1.0.0"],"env":{"Q_TOKEN":"${CANARY}-q"}}}}`,
  '.config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json': `{"mcpServers":{"cline":{"type":"streamableHttp","url":"https://cline.example/mcp","headers":{"Authorization":"Bearer ${CANARY}-cline"},"alwaysAllow":["x"]}}}`,
};
