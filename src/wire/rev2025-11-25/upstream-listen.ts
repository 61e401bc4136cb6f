import { JsonText } from '../../lib/json-text.ts';
import { writeNotification } from '../message.ts';
import { META_KEYS } from '../meta-keys.ts';
import { LIST_CHANGES, type ListChange } from './server-changes.ts';
import type { LegacyNotification } from './upstream-notifications.ts';
import type { LegacyServer } from './upstream-result.ts';

/** What a `subscriptions/listen` asks for (2026-07-28 patterns/subscriptions §Notification Filter). */
export interface ListenFilter {
  readonly lists: readonly ListChange[];
  readonly uris: readonly string[];
}

/** URIs that one listen may name. */
const MAX_URIS = 1000;

/** Reads the filter of a listen; what is no filter asks for nothing. */
export function readFilter(message: JsonText): ListenFilter {
  const filter = message.at('params', 'notifications');
  const uris = (filter?.get('resourceSubscriptions')?.items() ?? []).map((item) => item.string());
  return {
    lists: LIST_CHANGES.filter((change) => filter?.get(change.filter)?.value() === true),
    uris: [...new Set(uris.filter((uri) => uri !== undefined))].slice(0, MAX_URIS),
  };
}

/** The part of a filter that a legacy server can honour; which URIs it takes, only asking tells. */
export function offeredFilter({ lists, uris }: ListenFilter, { capabilities }: LegacyServer): ListenFilter {
  return {
    lists: lists.filter(({ capability }) => capabilities.at(capability, 'listChanged')?.value() === true),
    uris: capabilities.at('resources', 'subscribe')?.value() === true ? uris : [],
  };
}

/** The first message of a listen: what is honoured of its filter. `id` is the raw id of the listen. */
export function writeAcknowledged(id: string, { lists, uris }: ListenFilter): JsonText {
  const honoured = {
    ...Object.fromEntries(lists.map(({ filter }) => [filter, true])),
    ...(uris.length === 0 ? {} : { resourceSubscriptions: uris }),
  };
  const params = withSubscription(JsonText.of({ notifications: honoured }), id);
  return writeNotification('notifications/subscriptions/acknowledged', params);
}

/** A change as it stands on the stream of a listen. */
export function writeChange(id: string, { method, params }: LegacyNotification): JsonText {
  return writeNotification(method, withSubscription(params ?? JsonText.written('{}'), id));
}

function withSubscription(params: JsonText, id: string): JsonText {
  const meta = params.get('_meta');
  const kept = meta?.kind === 'object' ? meta : JsonText.written('{}');
  return params.with({ _meta: kept.with({ [META_KEYS.subscriptionId]: JsonText.written(id) }) });
}
