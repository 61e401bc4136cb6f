import { methodRuleOf, type NameMember } from '../rev2026-07-28/registry.ts';
import type { Revision } from './revision.ts';

/** A request of legacy clients that the inside answers. */
export interface LegacyMethod {
  /** The member of `params` that says what the call is about. */
  readonly nameMember: NameMember | undefined;
}

/** Methods of the inside that are no requests of a legacy client. */
const MODERN_ONLY: ReadonlySet<string> = new Set(['server/discover', 'subscriptions/listen', 'tasks/update']);
/** 2025-11-25 basic/utilities/tasks. Half of them exist for legacy clients alone, in the inside too. */
const TASKS: ReadonlyMap<string, LegacyMethod> = new Map<string, LegacyMethod>([
  ['tasks/get', { nameMember: 'taskId' }],
  ['tasks/result', { nameMember: 'taskId' }],
  ['tasks/cancel', { nameMember: 'taskId' }],
  ['tasks/list', { nameMember: undefined }],
]);

/** What a legacy client may ask of the inside; undefined for a method that its revision does not have. */
export function legacyMethodOf(method: string, { tasks }: Revision): LegacyMethod | undefined {
  const ofTasks = TASKS.get(method);
  if (ofTasks !== undefined) return tasks ? ofTasks : undefined;
  return MODERN_ONLY.has(method) ? undefined : methodRuleOf(method);
}
