import { backoffMs } from '../lib/backoff.ts';
import type { JsonText } from '../lib/json-text.ts';
import { raceAbort } from '../lib/race-abort.ts';
import { wait } from '../lib/wait.ts';
import type { HeldTask } from './held-task.ts';
import type { TaskParts } from './task-parts.ts';
import { type AskedTask, answerAt, isPassing, TROUBLE, UpstreamAnsweredError } from './upstream-task.ts';

/**
 * Passes answers on to an upstream's task until it has taken them: saying them twice does no harm (SEP-2663 §Task Update
 * Requests). Rejects with the held task's abort, or with what is no passing trouble.
 */
export async function tellUpstream(
  held: HeldTask,
  { clock, random }: Pick<TaskParts, 'clock' | 'random'>,
  { asked, answers }: { readonly asked: AskedTask; readonly answers: ReadonlyMap<string, JsonText> },
): Promise<void> {
  for (let failures = 1; ; failures++) {
    try {
      return await raceAbort(answerAt(asked, answers), held.abort);
    } catch (thrown) {
      held.abort.throwIfAborted();
      // The next look tells whether the task has ended meanwhile.
      if (thrown instanceof UpstreamAnsweredError) return;
      if (!isPassing(thrown)) throw thrown;
      await wait(clock, backoffMs(failures, { ...TROUBLE, random }), held.abort);
      held.abort.throwIfAborted();
    }
  }
}
