import { type Command, InvalidArgumentError } from 'commander';
import { collect, finish, type Globals, JSON_OUTPUT } from './run-command.ts';

interface CheckFlags extends Globals {
  readonly folder: string[];
  readonly program: string[];
}

/** Adds `gateward launch check`. */
export function addLaunchCommands(program: Command): void {
  const launch = program.command('launch').description('judge commands before anything starts them');
  launch
    .command('check')
    .description('which of these commands may start, and why not the others; starts nothing')
    .argument('<file>', 'a JSON array of { command, args, env, cwd }; "-" reads standard input')
    .option('--folder <folder>', 'a folder whose scripts you vouch for; any number of times', parseFolder, [])
    .option('--program <program>', 'a program that you vouch for; any number of times', collect, [])
    .option(...JSON_OUTPUT)
    .action((file: string, options: CheckFlags) =>
      finish(options, async (terminal) => {
        const { checkLaunches } = await import('./commands/launch-check.ts');
        const { folder: folders, program: programs } = options;
        return checkLaunches({ file, policy: { folders, programs } }, terminal);
      }),
    );
}

function parseFolder(value: string, before: readonly string[]): string[] {
  if (/^(?:\/|[A-Za-z]:[\\/])/.test(value)) return collect(value, before);
  throw new InvalidArgumentError('Give the absolute path of a folder.');
}
