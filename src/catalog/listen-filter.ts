import type { JsonText } from '../lib/json-text.ts';

/** What a listen asks for or was promised (2026-07-28 patterns/subscriptions §Filter). */
export interface ListenFilter {
  readonly toolsListChanged: boolean;
  readonly promptsListChanged: boolean;
  readonly resourcesListChanged: boolean;
  readonly resourceSubscriptions: readonly string[];
}

/** Asks for nothing. */
export const NO_FILTER: ListenFilter = {
  toolsListChanged: false,
  promptsListChanged: false,
  resourcesListChanged: false,
  resourceSubscriptions: [],
};

/** Asks for every list. */
export const ALL_LISTS: ListenFilter = {
  toolsListChanged: true,
  promptsListChanged: true,
  resourcesListChanged: true,
  resourceSubscriptions: [],
};

/** Reads a filter; members of another type count as absent, unknown members ask for nothing here. */
export function readFilter(json: JsonText | undefined): ListenFilter {
  const flag = (key: string): boolean => json?.get(key)?.value() === true;
  const uris = json?.get('resourceSubscriptions')?.items() ?? [];
  return {
    toolsListChanged: flag('toolsListChanged'),
    promptsListChanged: flag('promptsListChanged'),
    resourcesListChanged: flag('resourcesListChanged'),
    resourceSubscriptions: uris.flatMap((uri) => uri.string() ?? []),
  };
}

/** The filter as it is written: what is not asked for is left out. */
export function writeFilter(filter: ListenFilter): Readonly<Record<string, unknown>> {
  return {
    ...(filter.toolsListChanged ? { toolsListChanged: true } : {}),
    ...(filter.promptsListChanged ? { promptsListChanged: true } : {}),
    ...(filter.resourcesListChanged ? { resourcesListChanged: true } : {}),
    ...(filter.resourceSubscriptions.length > 0
      ? { resourceSubscriptions: filter.resourceSubscriptions }
      : {}),
  };
}

/** What both ask for. */
export function intersectFilters(one: ListenFilter, other: ListenFilter): ListenFilter {
  const uris = new Set(other.resourceSubscriptions);
  return {
    toolsListChanged: one.toolsListChanged && other.toolsListChanged,
    promptsListChanged: one.promptsListChanged && other.promptsListChanged,
    resourcesListChanged: one.resourcesListChanged && other.resourcesListChanged,
    resourceSubscriptions: one.resourceSubscriptions.filter((uri) => uris.has(uri)),
  };
}

/** What any of them asks for. */
export function uniteFilters(filters: Iterable<ListenFilter>): ListenFilter {
  let { toolsListChanged, promptsListChanged, resourcesListChanged } = NO_FILTER;
  const uris = new Set<string>();
  for (const filter of filters) {
    toolsListChanged ||= filter.toolsListChanged;
    promptsListChanged ||= filter.promptsListChanged;
    resourcesListChanged ||= filter.resourcesListChanged;
    for (const uri of filter.resourceSubscriptions) uris.add(uri);
  }
  return { toolsListChanged, promptsListChanged, resourcesListChanged, resourceSubscriptions: [...uris] };
}

/** True if one filter asks for nothing that the other does not ask for. */
export function isCovered(one: ListenFilter, by: ListenFilter): boolean {
  const lists = ['toolsListChanged', 'promptsListChanged', 'resourcesListChanged'] as const;
  if (lists.some((list) => one[list] && !by[list])) return false;
  if (one.resourceSubscriptions.length === 0) return true;
  const uris = new Set(by.resourceSubscriptions);
  return one.resourceSubscriptions.every((uri) => uris.has(uri));
}

/** What changed, as far as a listen can say. */
export type ChangeEvent =
  | {
      readonly kind: 'list';
      readonly list: 'toolsListChanged' | 'promptsListChanged' | 'resourcesListChanged';
    }
  | { readonly kind: 'resource'; readonly uri: string; readonly params: JsonText };

const LISTS = {
  'notifications/tools/list_changed': 'toolsListChanged',
  'notifications/prompts/list_changed': 'promptsListChanged',
  'notifications/resources/list_changed': 'resourcesListChanged',
} as const;

/** Reads a change notification; undefined for any other. */
export function readChange(notification: JsonText): ChangeEvent | undefined {
  const method = notification.get('method')?.string() ?? '';
  for (const [name, list] of Object.entries(LISTS)) if (name === method) return { kind: 'list', list };
  const params = notification.get('params');
  const uri = params?.get('uri')?.string();
  if (method !== 'notifications/resources/updated' || params === undefined || uri === undefined)
    return undefined;
  return { kind: 'resource', uri, params };
}

/** The method of a list's change notification. */
export function listChangeMethod(list: keyof ListenFilter): string {
  return Object.entries(LISTS).find(([, name]) => name === list)?.[0] ?? '';
}

/** Whether a filter asks for an event. An update may name a sub-resource of what was asked for. */
export function wantsChange(filter: ListenFilter, event: ChangeEvent): boolean {
  if (event.kind === 'list') return filter[event.list];
  return filter.resourceSubscriptions.some((uri) => isWithin(event.uri, uri));
}

/** True for the URI itself and for what lies below it. */
export function isWithin(uri: string, whole: string): boolean {
  return uri === whole || uri.startsWith(whole.endsWith('/') ? whole : `${whole}/`);
}
