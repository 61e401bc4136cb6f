import type { LegacySession } from '../../call.ts';
import type { Abortable } from '../../lib/abort.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { AdoptedSession } from './adopted-session.ts';
import type { Introduction } from './legacy-handshake.ts';
import type { LegacyTransport } from './legacy-transport.ts';
import type { Screen } from './server-messages.ts';

/** What one session of a legacy server is opened with. */
export interface ConnectionOptions extends Introduction {
  readonly transport: LegacyTransport;
  /** The client's session that this one belongs to alone, if any. */
  readonly session: LegacySession | undefined;
  /** What that session is told that belongs to no call goes through it. */
  readonly screen?: Screen | undefined;
  /** Milliseconds until the server must have answered `initialize`. */
  readonly connectTimeoutMs: number;
  /** Gives the opening up. */
  readonly signal: Abortable;
  readonly clock: Clock;
  readonly log: Log;
}

/** What goes on with a session of a legacy server that another replica opened. */
export interface AdoptionOptions extends Omit<ConnectionOptions, 'capabilities'> {
  readonly adopted: AdoptedSession;
}
