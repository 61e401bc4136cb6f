import { type Command, InvalidArgumentError, Option } from 'commander';
import { APPROVAL_KINDS, type ApprovalKind, type ApprovalState } from '../store/approval-table.ts';
import { CONFIG, finish, type Globals, JSON_OUTPUT } from './run-command.ts';

interface SelectionFlags extends Globals {
  readonly config?: string;
  readonly kind?: ApprovalKind;
  readonly name?: string;
}

interface DiffFlags extends SelectionFlags {
  readonly state: ApprovalState;
}

interface DecideFlags extends SelectionFlags {
  readonly all?: true;
  readonly yes?: true;
  readonly yesDangerous?: true;
}

const STATES: readonly string[] = ['pending', 'approved', 'rejected'] satisfies readonly ApprovalState[];

/** Adds `gateward server diff|approve|reject`. */
export function addApprovalCommands(server: Command): void {
  withSelection(server.command('diff'))
    .description('what waits for an approval, and how it differs from what was approved')
    .argument('[name...]', 'upstreams, or ids of what waits (default: all)')
    .addOption(new Option('--state <state>', 'what is in this state').choices(STATES).default('pending'))
    .action((names: string[], options: DiffFlags) =>
      finish(options, async (terminal) => {
        const { diffServers } = await import('./commands/server-diff.ts');
        const { config, kind, name, state } = options;
        return diffServers({ config, names, kind, name, state }, terminal);
      }),
    );
  withSelection(server.command('approve'))
    .description('let start, or offer to clients, what waits for it; it is shown first')
    .argument('[name...]', 'upstreams, or ids of what waits')
    .option('--all', 'what waits of every upstream')
    .option('--yes', 'agree beforehand to whatever waits of the upstreams named; ids need no yes')
    .option('--yes-dangerous', 'agree beforehand to what is dangerous, where no terminal can ask')
    .action((names: string[], options: DecideFlags, command: Command) =>
      decide('approved', { names, options, command }),
    );
  withSelection(server.command('reject'))
    .description('keep from starting, or from clients, what waits, or what was approved before by its id')
    .argument('[name...]', 'upstreams, or ids')
    .option('--all', 'what waits of every upstream')
    .action((names: string[], options: DecideFlags, command: Command) =>
      decide('rejected', { names, options, command }),
    );
}

function withSelection(command: Command): Command {
  return command
    .addOption(new Option('--kind <kind>', 'only this kind').choices(APPROVAL_KINDS))
    .option('--name <name>', 'only the tool, prompt or resource of this name', parseName)
    .option(...CONFIG)
    .option(...JSON_OUTPUT);
}

interface Asked {
  readonly names: string[];
  readonly options: DecideFlags;
  readonly command: Command;
}

function decide(decision: 'approved' | 'rejected', { names, options, command }: Asked): Promise<void> {
  const { config, kind, name, all = false } = options;
  const { yes: isAgreed = false, yesDangerous: isDangerAgreed = false } = options;
  if (all === names.length > 0) command.error('error: give names or ids, or --all');
  return finish(options, async (terminal) => {
    const { decideOnServers } = await import('./commands/server-decide.ts');
    return decideOnServers({ config, names, kind, name, decision, isAgreed, isDangerAgreed }, { terminal });
  });
}

function parseName(text: string): string {
  if (text !== '') return text;
  throw new InvalidArgumentError('Give a name.');
}
