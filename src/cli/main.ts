import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { toGatewardError } from '../errors.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { createTerminal, reportError, type Streams, type Terminal } from './terminal.ts';

/** What every command is given. */
interface Globals {
  readonly json?: true;
}

interface ConnectFlags {
  readonly header?: string[];
  readonly ca?: string;
  readonly verbose?: true;
}

type Run = (terminal: Terminal) => Promise<number>;

/** Runs a command and ends in its exit code; whatever it throws is said in its own words. */
async function finish({ json }: Globals, run: Run, streams: Streams = process): Promise<void> {
  const terminal = createTerminal(streams, json === true);
  try {
    process.exitCode = await run(terminal);
  } catch (thrown) {
    const error = toGatewardError(thrown);
    reportError(terminal, error);
    process.exitCode = exitCodeOf(error.code);
  }
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
const CONFIG: readonly [string, string] = [
  '-c, --config <file>',
  'the configuration file (default: $GATEWARD_CONFIG, else ./gateward.yaml)',
];
const JSON_OUTPUT: readonly [string, string] = ['--json', 'print results as JSON, for scripts'];

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
    .option(...JSON_OUTPUT)
    .action((options: Globals & { readonly config?: string }) =>
      finish(options, async (terminal) => {
        const { serve } = await import('./commands/serve.ts');
        return serve({ config: options.config, version, terminal });
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
  return program;
}

try {
  await buildProgram().parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
}
