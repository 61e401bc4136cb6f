import { type TaskAnswer, tasksAnswerSchema } from '../admin-schema.ts';
import { type AdminOptions, findGateway } from '../admin-target.ts';
import { askGateway } from '../ask-gateway.ts';
import { formatAge } from '../format-age.ts';
import { formatTable } from '../format-table.ts';
import { shorten } from '../shorten.ts';
import type { Terminal } from '../terminal.ts';

/** What `gateward task list` is given. */
export interface ListTasksOptions extends AdminOptions {
  /** Filters by the admin API's own names, and `after`, where an earlier list ended. */
  readonly wanted: Readonly<Record<string, string | undefined>>;
  readonly limit: number;
}

/** What the admin API gives at a time. */
const PAGE = 500;
const HEAD: readonly string[] = ['ID', 'STATE', 'TOOL', 'OWNER', 'AGE', 'ATTEMPTS', 'WHY'];
const MAX_CELL = 40;
const MAX_WHY = 80;

/** `gateward task list`: the tasks of all callers, the newest first. */
export async function listTasks(options: ListTasksOptions, terminal: Terminal): Promise<number> {
  const target = await findGateway(options);
  const tasks: TaskAnswer[] = [];
  let { after } = options.wanted;
  do {
    const query = writeQuery({
      ...options.wanted,
      after,
      limit: Math.min(PAGE, options.limit - tasks.length),
    });
    const page = await askGateway(target, `tasks?${query}`, tasksAnswerSchema);
    tasks.push(...page.tasks);
    after = page.next;
  } while (after !== undefined && tasks.length < options.limit);
  terminal.emit({ tasks, next: after });
  if (terminal.isJson) return 0;
  const now = Date.now();
  if (tasks.length === 0) terminal.say(isFiltered(options) ? 'No task fits.' : 'There are no tasks.');
  else terminal.say(formatTable([HEAD, ...tasks.map((task) => rowOf(task, now))]));
  if (after !== undefined) terminal.warn(`There are more. Add to see them: --after ${after}`);
  return 0;
}

function isFiltered({ wanted }: ListTasksOptions): boolean {
  return Object.values(wanted).some((value) => value !== undefined);
}

function writeQuery(fields: Readonly<Record<string, string | number | undefined>>): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.set(name, `${value}`);
  return query;
}

function rowOf(task: TaskAnswer, now: number): readonly string[] {
  return [
    shorten(task.id, MAX_WHY),
    task.state,
    shorten(`${task.upstream}/${task.tool}`, MAX_CELL),
    shorten(task.owner, MAX_CELL),
    formatAge(now - Date.parse(task.createdAt)),
    String(task.attempts),
    shorten(task.message ?? '', MAX_WHY),
  ];
}
