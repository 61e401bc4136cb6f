import type { LegacyCall } from '../call.ts';
import { JsonText } from '../lib/json-text.ts';
import { TASKS_EXTENSION } from '../wire/meta-keys.ts';

/** Which calls of a tool become tasks. */
export type TaskMode = 'never' | 'auto' | 'always' | 'required';

/** Which tools of an upstream the gateway makes tasks of. */
export interface TaskOffer {
  /** Whether there may be any. */
  readonly any: boolean;
  /** By the upstream's own name of the tool. */
  readonly modeOf: (tool: string) => TaskMode;
}

/** The only legacy revision with tasks. */
const WITH_TASKS = '2025-11-25';
const EMPTY = JsonText.written('{}');
/** `execution.taskSupport` (2025-11-25 basic/utilities/tasks §Tool-Level Negotiation). */
const EXECUTION: Readonly<Record<TaskMode, JsonText | undefined>> = {
  never: undefined,
  auto: JsonText.of({ taskSupport: 'optional' }),
  always: JsonText.of({ taskSupport: 'optional' }),
  required: JsonText.of({ taskSupport: 'required' }),
};

/** A DiscoverResult that declares the tasks extension where the gateway makes tasks, and nowhere else. */
export function declareOfferedTasks(discover: JsonText, offers: boolean): JsonText {
  const capabilities = discover.get('capabilities');
  if (capabilities?.kind !== 'object') return discover;
  const extensions = capabilities.get('extensions');
  if (!offers && extensions?.get(TASKS_EXTENSION) === undefined) return discover;
  const base = extensions?.kind === 'object' ? extensions : EMPTY;
  const declared = base.with({ [TASKS_EXTENSION]: offers ? EMPTY : undefined });
  const left = declared.keys().length === 0 ? undefined : declared;
  return discover.with({ capabilities: capabilities.with({ extensions: left }) });
}

/** Whether a client's lists of tools say which of them can be tasks: one revision has a place for it. */
export function listsTaskSupport(legacy: LegacyCall | undefined): boolean {
  return legacy?.session.version === WITH_TASKS;
}

/** A tool that says whether it can be a task: by the gateway's rules, whatever its upstream says. `name` is the upstream's. */
export function withTaskSupport(tool: JsonText, name: string, tasks: TaskOffer | undefined): JsonText {
  const execution = EXECUTION[tasks?.modeOf(name) ?? 'never'];
  return execution === undefined && tool.get('execution') === undefined ? tool : tool.with({ execution });
}
