import { type Command, InvalidArgumentError } from 'commander';
import { CONFIG, finish, type Globals, JSON_OUTPUT } from './run-command.ts';
import type { SealFlags } from './seal-place.ts';

type Given = Globals & SealFlags;

/** Adds `gateward seal`, `gateward verify` and `gateward watch`. */
export function addSealCommands(program: Command): void {
  withPlace(program.command('seal'))
    .description('sign the MCP servers, hooks and trust flags in the configuration files of MCP clients')
    .option('--home <folder>', 'the home folder of the clients (default: yours)')
    .option('--project <folder>', 'a project whose files are sealed too; any number of times', collect)
    .option('--client <name>', 'only this client; any number of times (default: all that are known)', collect)
    .option('--gateway <url>', 'where clients reach the gateway; any number of times', collectUrl)
    .option('--accept', 'seal what raises an alarm too')
    .action((options: Given & { readonly accept?: true }) =>
      finish(options, async (terminal) => {
        const { sealClients } = await import('./commands/seal.ts');
        return sealClients(options, terminal);
      }),
    );
  withPlace(program.command('verify'))
    .description('what has changed in them since they were sealed')
    .option('--home <folder>', 'the home folder of the clients, if the seal lies there (default: yours)')
    .action((options: Given) =>
      finish(options, async (terminal) => {
        const { verifyClients } = await import('./commands/verify.ts');
        return verifyClients(options, terminal);
      }),
    );
  withPlace(program.command('watch'))
    .description('guard them until it is stopped, and say at once what changes')
    .option('--home <folder>', 'the home folder of the clients, if the seal lies there (default: yours)')
    .option('--restore', 'put back what raises an alarm')
    .action((options: Given & { readonly restore?: true }) =>
      finish(options, async (terminal) => {
        const { watchClients } = await import('./commands/watch.ts');
        return watchClients(options, terminal);
      }),
    );
}

function withPlace(command: Command): Command {
  return command
    .option(CONFIG[0], 'take the data folder and the URLs of this configuration (default: $GATEWARD_CONFIG)')
    .option('--data <folder>', 'where the seal and its key lie (default: ~/.gateward)')
    .option(...JSON_OUTPUT);
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

function collectUrl(value: string, before: readonly string[] = []): string[] {
  if (/^https?:\/\//.test(value) && URL.canParse(value)) return collect(value, before);
  throw new InvalidArgumentError('Give an http or https URL.');
}
