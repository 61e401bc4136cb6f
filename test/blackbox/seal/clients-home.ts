/** A home folder with the configuration files of clients, and the commands that guard them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, vi } from 'vitest';
import { gatewardCommand } from '../../support/gateway.ts';
import { type CommandEnded, runGateward } from '../../support/keys.ts';

/** The relay to which the published attack sends its victims. */
export const RELAY = 'http://127.0.0.1:45678/relay/github';
/** A token that must not show anywhere. */
export const TOKEN = 'ghp_Zx81kQmLw92hTsUvXy47RbNcDe53Fg';
/** What the victim's main file holds. The comment and the odd layout must live through everything. */
export const CLAUDE_JSON = `{
  "numStartups": 41,
  // the one for work
  "mcpServers": {
    "github": { "type": "http",   "url": "https://api.githubcopilot.com/mcp/", "headers": { "Authorization": "Bearer ${TOKEN}" } },
    "gateway": { "type": "http", "url": "http://127.0.0.1:3232/mcp" }
  },
  "projects": {
    "/home/ann/work": { "hasTrustDialogAccepted": false, "enabledMcpjsonServers": [], "history": ["one"] }
  }
}
`;

/** A temporary home folder. */
export interface ClientsHome {
  readonly home: string;
  path(file: string): string;
  write(file: string, text: string): Promise<void>;
  read(file: string): Promise<string>;
  run(...args: readonly string[]): Promise<CommandEnded>;
  /** Seals, and expects that it worked. */
  seal(...args: readonly string[]): Promise<void>;
  watch(...args: readonly string[]): Promise<Watch>;
  close(): Promise<void>;
}

/** An event that the watch wrote as a line of JSON. */
export type Told = Readonly<Record<string, unknown>> & { readonly time: string; readonly event: string };

/** A running \`gateward watch --json\`. */
export interface Watch {
  readonly events: readonly Told[];
  /** All of it, as text. */
  readonly text: () => string;
  /** The first event that fits, once it has been told. */
  next(event: string, fits?: (told: Told) => boolean): Promise<Told>;
  stop(): Promise<number | null>;
}

const WITHIN = { timeout: 20_000, interval: 20 };
/** Nothing of the machine's own clients or gateway gets in. */
const ENV = { GATEWARD_CONFIG: '', GATEWARD_SECRET: '', GATEWARD_SECRET_PREVIOUS: '' };

/** Makes a home folder with the files given, by their paths below it. */
export async function makeHome(files: Readonly<Record<string, string>>): Promise<ClientsHome> {
  const home = await mkdtemp(join(tmpdir(), 'gateward-seal-'));
  const watches: Watch[] = [];
  const path = (file: string): string => join(home, file);
  const write = async (file: string, text: string): Promise<void> => {
    await mkdir(dirname(path(file)), { recursive: true });
    await writeFile(path(file), text);
  };
  for (const [file, text] of Object.entries(files)) await write(file, text);
  const run = (...args: readonly string[]): Promise<CommandEnded> =>
    runGateward([...args, '--home', home, '--json'], ENV);
  return {
    home,
    path,
    write,
    read: (file) => readFile(path(file), 'utf8'),
    run,
    seal: async (...args) => {
      expect(await run('seal', ...args)).toMatchObject({ code: 0 });
    },
    watch: async (...args) => {
      const watch = startWatch(['watch', '--home', home, '--json', ...args]);
      watches.push(watch);
      await watch.next('watching');
      return watch;
    },
    close: async () => {
      await Promise.all(watches.map((watch) => watch.stop()));
      await rm(home, { recursive: true, force: true });
    },
  };
}

function startWatch(args: readonly string[]): Watch {
  const [program, ...first] = gatewardCommand();
  const child = spawn(program, [...first, ...args], {
    env: { ...process.env, ...ENV },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const events: Told[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    events.push(JSON.parse(line) as Told);
  });
  const next = (event: string, fits: (told: Told) => boolean = () => true): Promise<Told> =>
    vi.waitFor(() => {
      const found = events.find((told) => told.event === event && fits(told));
      if (found === undefined) throw new TypeError(`no ${event} among ${lines.join('\n')}`);
      return found;
    }, WITHIN);
  return { events, text: () => lines.join('\n'), next, stop: () => end(child) };
}

async function end(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  const [code] = await closed;
  return code;
}

/** How long after the file was changed the watch told of it, in milliseconds, by the times that it reports itself. */
export function delayOf(told: Told): number {
  return Date.parse(told.time) - Date.parse(String(told['changedAt']));
}
