import type { JsonText } from '../../lib/json-text.ts';

/** Notifications of changes, and how `subscriptions/listen` asks for them (2026-07-28 patterns/subscriptions). */
export const LIST_CHANGES: readonly ListChange[] = [
  { method: 'notifications/tools/list_changed', filter: 'toolsListChanged', capability: 'tools' },
  { method: 'notifications/prompts/list_changed', filter: 'promptsListChanged', capability: 'prompts' },
  { method: 'notifications/resources/list_changed', filter: 'resourcesListChanged', capability: 'resources' },
];

/** A list that can change. */
export interface ListChange {
  readonly method: string;
  /** The member of the filter of a listen. */
  readonly filter: string;
  /** The server capability that has the list. */
  readonly capability: string;
}

/** A resource that was subscribed to has changed, or something inside it. */
export const RESOURCE_UPDATED = 'notifications/resources/updated';

/** Whether a notification tells that a list has changed. */
export function isListChange(method: string): boolean {
  return LIST_CHANGES.some((change) => change.method === method);
}

/** Whether a server of these capabilities may tell that a list has changed. */
export function tellsOfListChanges(capabilities: JsonText): boolean {
  return LIST_CHANGES.some(({ capability }) => capabilities.at(capability, 'listChanged')?.value() === true);
}

/** Whether a notification tells of a change and so belongs to listens, never to a call. */
export function isServerChange(method: string): boolean {
  return method === RESOURCE_UPDATED || isListChange(method);
}
