import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { isKeyId } from '../auth/key-text.ts';
import { addApprovalCommands } from './approval-commands.ts';
import { EXIT } from './exit-codes.ts';
import { addImportCommand } from './import-command.ts';
import { addLaunchCommands } from './launch-commands.ts';
import { readDuration } from './read-duration.ts';
import {
  type AdminFlags,
  adminOptions,
  CONFIG,
  finish,
  type Globals,
  JSON_OUTPUT,
  withAdminFlags,
} from './run-command.ts';
import { addSealCommands } from './seal-commands.ts';
import { addServerEditCommands } from './server-edit-commands.ts';
import { addTaskCommands } from './task-commands.ts';
import type { Streams } from './terminal.ts';

interface ServeFlags {
  readonly config?: string;
  readonly workers: number;
}

interface ConnectFlags {
  readonly header?: string[];
  readonly ca?: string;
  readonly verbose?: true;
}

interface ScanFlags extends Globals {
  readonly config?: string;
  readonly url?: string;
  readonly header?: string[];
  readonly ca?: string;
  readonly sarif?: true;
}

interface CreateKeyFlags {
  readonly config?: string;
  readonly name: string;
  readonly server?: string[];
  readonly expires?: number;
}

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const manifest: unknown = JSON.parse(text);
  const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return isManifest ? String(manifest.version) : '0.0.0';
}

/** Standard output belongs to the protocol there. */
const STDERR_ONLY: Streams = { stdout: process.stderr, stderr: process.stderr };
const BRACED = ['$', '{VARIABLE}'].join('');
const version = readVersion();

function buildProgram(): Command {
  const program = new Command('gateward')
    .description('An MCP gateway: any MCP client to any MCP server, in the old protocol or the new.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(add --help for what can be given)');
  program
    .command('serve')
    .description('run the gateway until it is told to stop')
    .option(...CONFIG)
    .option('-w, --workers <count>', 'processes that serve on one port', parseWorkers, 1)
    .option(...JSON_OUTPUT)
    .action((options: Globals & ServeFlags) =>
      finish(options, async (terminal) => {
        const { serve } = await import('./commands/serve.ts');
        const { config, workers } = options;
        return serve({ config, workers, version, terminal });
      }),
    );
  program
    .command('connect')
    .description('be an MCP server on stdio, for a client that only speaks stdio, and relay to one over HTTP')
    .argument('<url>', 'the MCP endpoint of a gateway, e.g. http://127.0.0.1:3232/mcp')
    .option('-H, --header <header...>', `a "NAME: VALUE" to send; ${BRACED} is read from the environment`)
    .option('--ca <file>', 'PEM file of the authorities that may sign for the server')
    .option('--verbose', 'say on standard error what happens')
    .option(...JSON_OUTPUT)
    .action((url: string, options: Globals & ConnectFlags) =>
      finish(
        options,
        async (terminal) => {
          const { connect } = await import('./commands/connect.ts');
          const { header: headers = [], ca, verbose } = options;
          return connect({ url, headers, ca, isVerbose: verbose === true, terminal });
        },
        STDERR_ONLY,
      ),
    );
  addServerCommands(program);
  addTaskCommands(program);
  addKeyCommands(program);
  addLaunchCommands(program);
  addImportCommand(program);
  addScanCommand(program);
  addSealCommands(program);
  program
    .command('doctor')
    .description('check the configuration and reach every upstream, without a running gateway')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action((options: Globals & { readonly config?: string }) =>
      finish(options, async (terminal) => {
        const { doctor } = await import('./commands/doctor.ts');
        return doctor({ config: options.config, version }, terminal);
      }),
    );
  return program;
}

function addScanCommand(program: Command): void {
  program
    .command('scan')
    .description(
      'look for poisoned text in what servers offer: those of the configuration, one at a URL, or a file',
    )
    .argument(
      '[file]',
      'a JSON file with an array of tool definitions or a tools/list result, "-" for standard input, or a configuration',
    )
    .option(...CONFIG)
    .option('--url <url>', 'the MCP endpoint of one server, in place of a file')
    .option('-H, --header <header...>', `a "NAME: VALUE" to send; ${BRACED} is read from the environment`)
    .option('--ca <file>', 'PEM file of the authorities that may sign for the server')
    .option('--sarif', 'print SARIF 2.1.0, for code-scanning services')
    .option(...JSON_OUTPUT)
    .action((file: string | undefined, options: ScanFlags) =>
      finish(options.sarif === true ? { json: true } : options, async (terminal) => {
        const { scan } = await import('./commands/scan.ts');
        const { config, url, header: headers = [], ca, sarif } = options;
        return scan({ file, config, url, headers, ca, isSarif: sarif === true, version }, terminal);
      }),
    );
}

function addServerCommands(program: Command): void {
  const server = program.command('server').description('see and change the servers of a gateway');
  addServerEditCommands(server);
  addApprovalCommands(server);
  withAdminFlags(server.command('list'))
    .description('the servers and upstreams, with their state')
    .action((options: AdminFlags) =>
      finish(options, async (terminal) => {
        const { listServers } = await import('./commands/server-list.ts');
        return listServers(adminOptions(options), terminal);
      }),
    );
  withAdminFlags(server.command('show'))
    .description('one server, with its tools as clients see them')
    .argument('<name>', 'name of the server; "all" is the one at /mcp')
    .action((name: string, options: AdminFlags) =>
      finish(options, async (terminal) => {
        const { showServer } = await import('./commands/server-show.ts');
        return showServer(name, adminOptions(options), terminal);
      }),
    );
}

function addKeyCommands(program: Command): void {
  const key = program.command('key').description('make and revoke the keys by which callers are told');
  key
    .command('create')
    .description('make a key, and show it this once')
    .requiredOption('-n, --name <name>', 'what people call it', parseKeyName)
    .option('-s, --server <name...>', 'a server that it opens (default: all)')
    .option('-e, --expires <time>', 'how long it lasts: 30m, 12h, 90d, 2w, 1y (default: for ever)', parseTime)
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action((options: Globals & CreateKeyFlags) =>
      finish(options, async (terminal) => {
        const { createKey } = await import('./commands/key-create.ts');
        const { config, name, server: servers = [], expires: expiresInMs } = options;
        return createKey({ config, name, servers, expiresInMs }, terminal);
      }),
    );
  key
    .command('list')
    .description('the keys, without what they are checked by')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action((options: Globals & { readonly config?: string }) =>
      finish(options, async (terminal) => {
        const { listKeys } = await import('./commands/key-list.ts');
        return listKeys(options.config, terminal);
      }),
    );
  key
    .command('revoke')
    .description('end a key for good, on every replica within a second')
    .argument('<key>', 'its id or its name')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action((idOrName: string, options: Globals & { readonly config?: string }) =>
      finish(options, async (terminal) => {
        const { revokeKey } = await import('./commands/key-revoke.ts');
        return revokeKey({ config: options.config, idOrName }, terminal);
      }),
    );
}

function parseKeyName(text: string): string {
  if (!isKeyId(text) && /^[^\s\p{C}](?:[^\p{C}]{0,98}[^\s\p{C}])?$/u.test(text)) return text;
  throw new InvalidArgumentError('Give 1 to 100 characters that people can read.');
}

function parseTime(text: string): number {
  const ms = readDuration(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError('Give a number and m, h, d, w or y, such as 90d; at most 10y.');
}

/** Processes of one machine; more than there are cores would only wait for each other. */
const MAX_WORKERS = 64;

function parseWorkers(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= MAX_WORKERS) return count;
  throw new InvalidArgumentError(`Give a whole number from 1 to ${MAX_WORKERS}.`);
}

// A reader that has gone, such as `head`, is no fault of the command.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

try {
  await buildProgram().parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
}
