import { type TaskDetailsAnswer, taskDetailsAnswerSchema } from '../admin-schema.ts';
import { type AdminOptions, findGateway } from '../admin-target.ts';
import { askGateway } from '../ask-gateway.ts';
import { formatTable } from '../format-table.ts';
import { shorten } from '../shorten.ts';
import type { Terminal } from '../terminal.ts';

const MAX_TEXT = 500;
const HEAD: readonly string[] = ['STARTED', 'ENDED', 'REPLICA', 'END'];

/** `gateward task show ID`: one task, with its attempts. What it was called with and what it gave are its caller's alone. */
export async function showTask(id: string, options: AdminOptions, terminal: Terminal): Promise<number> {
  const path = `tasks/${encodeURIComponent(id)}`;
  const { task } = await askGateway(await findGateway(options), path, taskDetailsAnswerSchema);
  terminal.emit(task);
  const facts = factsOf(task);
  const width = Math.max(...facts.map(([name]) => name.length));
  for (const [name, value] of facts) terminal.say(`${name.padEnd(width)}  ${shorten(value, MAX_TEXT)}`);
  if (task.history.length === 0) return 0;
  const rows = task.history.map(({ startedAt, endedAt, replica, end }) => [
    startedAt,
    endedAt ?? '-',
    shorten(replica, MAX_TEXT),
    shorten(end ?? 'under way', MAX_TEXT),
  ]);
  terminal.say(`\nAttempts\n${formatTable([HEAD, ...rows])}`);
  return 0;
}

/** What is known of it, by the names that people read. */
function factsOf(task: TaskDetailsAnswer): readonly (readonly [string, string])[] {
  const all: readonly (readonly [string, string | undefined])[] = [
    ['Task', task.id],
    ['State', task.state],
    ['Why', task.message],
    ['Error', task.error],
    ['Waits for', task.waitsFor.length === 0 ? undefined : task.waitsFor.join(', ')],
    ['Tool', `${task.upstream}/${task.tool}`],
    ['Server', task.server],
    ['Owner', task.owner],
    ['Attempts', String(task.attempts)],
    ['Held by', task.holder],
    ['Made', task.createdAt],
    ['Changed', task.updatedAt],
    ['Due', task.dueAt],
    ['Deadline', task.endedAt === undefined ? task.deadlineAt : undefined],
    ['Ended', task.endedAt],
    ['Deleted', task.endedAt === undefined ? undefined : task.expiresAt],
  ];
  return all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}
