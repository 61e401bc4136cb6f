import type { LegacySession } from '../../call.ts';
import type { JsonText } from '../../lib/json-text.ts';

/** How the sessions of legacy clients travel to another replica. */
export interface RemoteSessions {
  /** What another replica makes the same session of. */
  describe(session: LegacySession): JsonText;
  /** The session of a description; undefined if it has ended. Throws STORE_UNAVAILABLE. */
  find(description: JsonText): Promise<LegacySession | undefined>;
}
