import { type Command, InvalidArgumentError, Option } from 'commander';
import { type AdminFlags, adminOptions, finish, withAdminFlags } from './run-command.ts';

interface ListTasksFlags extends AdminFlags {
  readonly state?: string;
  readonly owner?: string;
  readonly upstream?: string;
  readonly server?: string;
  readonly limit: number;
  readonly after?: string;
}

const STATES: readonly string[] = ['working', 'input_required', 'completed', 'failed', 'cancelled'];
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 10_000;

/** Adds `gateward task list|show|cancel|retry`. */
export function addTaskCommands(program: Command): void {
  const task = program.command('task').description('see and steer the tasks of the running gateway');
  withAdminFlags(task.command('list'))
    .description('the tasks of all callers, the newest first')
    .addOption(new Option('--state <state>', 'only those in this state').choices(STATES))
    .option('--owner <owner>', 'only those of this caller, as the list names it')
    .option('--upstream <name>', 'only those of this upstream')
    .option('--server <name>', 'only those made at this server')
    .option('--limit <count>', 'so many at most', parseLimit, DEFAULT_LIMIT)
    .option('--after <cursor>', 'go on where an earlier list ended')
    .action((options: ListTasksFlags) =>
      finish(options, async (terminal) => {
        const { listTasks } = await import('./commands/task-list.ts');
        const { state, owner, upstream, server, limit, after } = options;
        const wanted = { state, owner, upstream, server, after };
        return listTasks({ ...adminOptions(options), wanted, limit }, terminal);
      }),
    );
  withAdminFlags(task.command('show'))
    .description('one task, with its attempts')
    .argument('<id>', 'its id')
    .action((id: string, options: AdminFlags) =>
      finish(options, async (terminal) => {
        const { showTask } = await import('./commands/task-show.ts');
        return showTask(id, adminOptions(options), terminal);
      }),
    );
  withAdminFlags(task.command('cancel'))
    .description('end tasks for good; the upstream is told to stop')
    .argument('<id...>', 'their ids')
    .action((ids: string[], options: AdminFlags) =>
      finish(options, async (terminal) => {
        const { cancelTasks } = await import('./commands/task-cancel.ts');
        return cancelTasks(ids, adminOptions(options), terminal);
      }),
    );
  withAdminFlags(task.command('retry'))
    .description('try failed tasks again, now, also where the call may have run before')
    .argument('<id...>', 'their ids')
    .action((ids: string[], options: AdminFlags) =>
      finish(options, async (terminal) => {
        const { retryTasks } = await import('./commands/task-retry.ts');
        return retryTasks(ids, adminOptions(options), terminal);
      }),
    );
}

function parseLimit(text: string): number {
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new InvalidArgumentError(`Give a whole number from 1 to ${MAX_LIMIT}.`);
}
