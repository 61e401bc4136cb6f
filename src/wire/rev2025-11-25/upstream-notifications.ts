import type { JsonText } from '../../lib/json-text.ts';
import { writeNotification } from '../message.ts';

/** Log levels, most verbose first (RFC 5424 §6.2.1 by name). */
const LEVELS: readonly string[] = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
];

/** The most verbose of some log levels; undefined if there is none. */
export function mostVerbose(levels: Iterable<string>): string | undefined {
  let best: string | undefined;
  for (const level of levels) if (best === undefined || rank(level) < rank(best)) best = level;
  return best;
}

/** A level that is in no list counts as most severe, so that it is never lost. */
function rank(level: string | undefined): number {
  const at = LEVELS.indexOf(level ?? '');
  return at === -1 ? LEVELS.length : at;
}

/** A notification of a legacy server: its method and params. */
export interface LegacyNotification {
  readonly method: string;
  readonly params: JsonText | undefined;
}

/** What a call says of the notifications that it wants. */
export interface NotificationWishes {
  /** Raw text of the token that the gateway sent upstream. */
  readonly ownToken: string;
  /** The client's token, type kept. */
  readonly progressToken: JsonText | undefined;
  readonly logLevel: string | undefined;
}

/** Notifications that mean something to a session, not to one call. */
const NEVER_OF_A_CALL = new Set([
  'notifications/cancelled',
  'notifications/initialized',
  'notifications/roots/list_changed',
  'notifications/subscriptions/acknowledged',
  'notifications/tasks/status',
  'notifications/elicitation/complete',
]);

/**
 * A notification of a call as its client is to see it: progress under the client's own token, log messages from the
 * level that the call asks for (none without one: 2026-07-28 logging), others as they are. Undefined for what the
 * client is not to see.
 */
export function callNotification(
  { method, params }: LegacyNotification,
  wishes: NotificationWishes,
): JsonText | undefined {
  if (NEVER_OF_A_CALL.has(method)) return undefined;
  if (method === 'notifications/progress') {
    if (wishes.progressToken === undefined || params?.get('progressToken')?.text !== wishes.ownToken)
      return undefined;
    return writeNotification(method, params.with({ progressToken: wishes.progressToken }));
  }
  if (method === 'notifications/message') {
    if (wishes.logLevel === undefined || rank(params?.get('level')?.string()) < rank(wishes.logLevel))
      return undefined;
  }
  return writeNotification(method, params);
}
