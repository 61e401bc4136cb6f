import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { toGatewardError } from '../errors.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { createTerminal, reportError, type Terminal } from './terminal.ts';

/** What every command is given. */
interface Globals {
  readonly json?: true;
}

type Run = (terminal: Terminal) => Promise<number>;

/** Runs a command and ends in its exit code; whatever it throws is said in its own words. */
async function finish({ json }: Globals, run: Run): Promise<void> {
  const terminal = createTerminal(process, json === true);
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
  return program;
}

try {
  await buildProgram().parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
}
