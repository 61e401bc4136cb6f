import type { Command } from 'commander';
import { CONFIG, collect, finish, type Globals, JSON_OUTPUT } from './run-command.ts';

interface ImportFlags extends Globals {
  readonly config?: string;
  readonly client: string[];
  readonly home?: string;
  readonly project: string[];
  readonly url?: string;
  readonly dryRun?: true;
  readonly undo?: true;
  readonly yes?: true;
}

/** Adds `gateward import`. */
export function addImportCommand(program: Command): void {
  program
    .command('import')
    .description(
      'move the MCP servers of clients, with their tokens, into the gateway; starts nothing itself',
    )
    .option(
      '--client <client>',
      'a client, such as claude-code or cursor; any number of times (default: all)',
      collect,
      [],
    )
    .option('--home <folder>', 'the home folder to look in (default: your own)')
    .option(
      '--project <folder>',
      'a folder whose project files are imported too; any number of times',
      collect,
      [],
    )
    .option('--url <url>', 'where clients reach the gateway, if the configuration does not say it')
    .option('--dry-run', 'show what would be done, and write nothing')
    .option('--undo', 'put back what the last import changed')
    .option('-y, --yes', 'agree beforehand, where no terminal can ask')
    .option(...CONFIG)
    .option(...JSON_OUTPUT)
    .action((options: ImportFlags) =>
      finish(options, async (terminal) => {
        const { config, home, url } = options;
        const isAgreed = options.yes === true;
        const isDryRun = options.dryRun === true;
        if (options.undo === true) {
          const { undoLastImport } = await import('./commands/import-undo.ts');
          return undoLastImport({ config, isDryRun, isAgreed }, { terminal });
        }
        const { importServers } = await import('./commands/import.ts');
        const { client: clients, project: projects } = options;
        return importServers({ config, clients, home, projects, url, isDryRun, isAgreed }, { terminal });
      }),
    );
}
