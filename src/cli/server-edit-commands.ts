import type { Command } from 'commander';
import { CONFIG, collect, finish, type Globals, JSON_OUTPUT } from './run-command.ts';

interface AddFlags extends Globals {
  readonly config?: string;
  readonly url?: string;
  readonly header: string[];
  readonly env: string[];
  readonly envFrom: string[];
  readonly cwd?: string;
  readonly yes?: true;
  readonly yesDangerous?: true;
}

/** Adds `gateward server add` and `gateward server remove`. */
export function addServerEditCommands(server: Command): void {
  server
    .command('add')
    .description('write an upstream into the configuration file; a command is shown first, and you are asked')
    .argument('<name>', 'what it is called in URLs and before the names of its tools')
    .argument('[command...]', 'after --: the program that is the server, and its arguments')
    .option('--url <url>', 'the MCP endpoint, for a server that is reached by HTTP')
    .option('-H, --header <header>', 'a "NAME: VALUE" to send to the URL; any number of times', collect, [])
    .option('-e, --env <variable>', 'a NAME=VALUE for the command; any number of times', collect, [])
    .option('--env-from <name>', 'a variable that the gateway passes on from its own', collect, [])
    .option('--cwd <folder>', 'where the command runs (default: a private folder)')
    .option('-y, --yes', 'agree beforehand, where no terminal can ask')
    .option('--yes-dangerous', 'agree beforehand to a command that hands over the machine')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action((name: string, command: string[], options: AddFlags) =>
      finish(options, async (terminal) => {
        const { addServer } = await import('./commands/server-add.ts');
        const { config, url, header: headers, env, envFrom, cwd } = options;
        const isAgreed = options.yes === true;
        const isDangerAgreed = options.yesDangerous === true;
        return addServer(
          { config, name, url, headers, command, env, envFrom, cwd, isAgreed, isDangerAgreed },
          { terminal },
        );
      }),
    );
  server
    .command('remove')
    .description('take an upstream out of the configuration file, with the secrets that were kept for it')
    .argument('<name>', 'name of the upstream')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action((name: string, { config, ...globals }: Globals & { readonly config?: string }) =>
      finish(globals, async (terminal) => {
        const { removeServer } = await import('./commands/server-remove.ts');
        return removeServer({ config, name }, { terminal });
      }),
    );
}
