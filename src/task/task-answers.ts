import { JsonText } from '../lib/json-text.ts';
import type { TaskAnswer } from '../store/task-table.ts';
import type { TaskParts } from './task-parts.ts';

const USE = 'task-answer';

/** The answers to a task's questions so far, by the key that its client saw. */
export async function answersOf(
  { table, seal }: Pick<TaskParts, 'table' | 'seal'>,
  id: string,
): Promise<ReadonlyMap<string, JsonText>> {
  const kept = await table.answers(id);
  return new Map(
    kept.flatMap(({ key, body }) => {
      const bytes = seal.openBytes(body, USE);
      return bytes === undefined ? [] : [[key, JsonText.parse(bytes)] as const];
    }),
  );
}

/** An answer as the store keeps it. */
export function sealAnswer({ seal }: Pick<TaskParts, 'seal'>, key: string, answer: JsonText): TaskAnswer {
  return { key, body: seal.sealBytes(answer.bytes, USE) };
}
