import { JsonText } from '../lib/json-text.ts';
import type { TaskAnswer } from '../store/task-table.ts';
import type { TaskParts } from './task-parts.ts';

const USE = 'task-answer';

/** The answers to a task's questions so far, by the key that its client saw. What was not sealed for it is left out. */
export async function answersOf(
  { table, seal }: Pick<TaskParts, 'table' | 'seal'>,
  id: string,
): Promise<ReadonlyMap<string, JsonText>> {
  const kept = await table.answers(id);
  return new Map(
    kept.flatMap(({ key, body }) => {
      const bytes = seal.openBytes(body, USE);
      const json = bytes && JsonText.parse(bytes);
      const answer = json?.get('answer');
      const fits = json?.get('id')?.string() === id && json.get('key')?.string() === key;
      return fits && answer !== undefined ? [[key, answer] as const] : [];
    }),
  );
}

/** An answer as the store keeps it: readable as that of this task to this question alone. */
export function sealAnswer(
  { seal }: Pick<TaskParts, 'seal'>,
  { id, key, answer }: { readonly id: string; readonly key: string; readonly answer: JsonText },
): TaskAnswer {
  return { key, body: seal.sealBytes(JsonText.of({ id, key }).with({ answer }).bytes, USE) };
}
