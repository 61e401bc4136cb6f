import { GatewardError, toGatewardError } from '../errors.ts';
import { type TaskAnswer, taskAnswerSchema } from './admin-schema.ts';
import { type AdminOptions, findGateway } from './admin-target.ts';
import { postToGateway } from './ask-gateway.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** What a command does with each of its tasks. */
export interface TaskChange extends AdminOptions {
  /** The verb of the admin API. */
  readonly verb: 'cancel' | 'retry';
  readonly ids: readonly string[];
  /** What people are told of a task as it is then. */
  readonly describe: (task: TaskAnswer) => string;
}

/**
 * Does the same with each of several tasks. One that cannot be changed does not keep the others from it; the exit code
 * is that of the first such. Throws where the gateway itself cannot be asked.
 */
export async function changeTasks(change: TaskChange, terminal: Terminal): Promise<number> {
  const target = await findGateway(change);
  const tasks: TaskAnswer[] = [];
  const failed: {
    readonly id: string;
    readonly error: { readonly code: string; readonly message: string };
  }[] = [];
  let exitCode: number = EXIT.ok;
  for (const id of new Set(change.ids)) {
    try {
      const path = `tasks/${encodeURIComponent(id)}/${change.verb}`;
      const { task } = await postToGateway(target, path, taskAnswerSchema);
      tasks.push(task);
      terminal.say(change.describe(task));
    } catch (thrown) {
      const { code, message } = ofTask(thrown);
      failed.push({ id, error: { code, message } });
      if (!terminal.isJson) terminal.warn(`gateward: ${id}: ${message}`);
      if (exitCode === EXIT.ok) exitCode = exitCodeOf(code);
    }
  }
  terminal.emit({ tasks, failed });
  return exitCode;
}

/** The error if it is about this one task; others would be the same for all of them. */
function ofTask(thrown: unknown): GatewardError {
  const error = toGatewardError(thrown);
  if (error.code !== 'TASK_NOT_FOUND' && error.code !== 'TASK_NOT_FAILED') throw error;
  const detail = error.code === 'TASK_NOT_FOUND' ? 'See: gateward task list' : 'See: gateward task show';
  return new GatewardError(error.code, { detail });
}
