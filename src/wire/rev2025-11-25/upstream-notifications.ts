import type { JsonText } from '../../lib/json-text.ts';
import { writeNotification } from '../message.ts';
import { isWanted, LOG_LEVELS } from './log-level.ts';

/** The most verbose of some log levels; undefined if there is none. */
export function mostVerbose(levels: Iterable<string>): string | undefined {
  const wanted = new Set(levels);
  return LOG_LEVELS.find((level) => wanted.has(level));
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
    const { logLevel } = wishes;
    if (logLevel === undefined || !isWanted(params?.get('level')?.string(), logLevel)) return undefined;
  }
  return writeNotification(method, params);
}
