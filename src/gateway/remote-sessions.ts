import type { LegacySession } from '../call.ts';
import { LiveSession } from '../doors/legacy/live-session.ts';
import { JsonText } from '../lib/json-text.ts';
import type { SessionFacts } from '../session/session-id.ts';
import type { SessionRows } from '../session/sessions.ts';
import type { RemoteSessions } from '../upstream/remote/remote-session.ts';

/** Where sessions of other replicas are found. */
export interface RemoteSessionsParts {
  readonly rows: Pick<SessionRows, 'read'>;
  /** The session of these facts, which has not ended. */
  readonly hold: (facts: SessionFacts) => LegacySession;
}

/** Lets the sessions of the legacy doors travel: by what their ids say. */
export function createRemoteSessions({ rows, hold }: RemoteSessionsParts): RemoteSessions {
  return {
    describe(session) {
      if (!(session instanceof LiveSession)) throw new TypeError('The session is none of a legacy door.');
      return writeFacts(session.facts);
    },
    async find(description) {
      const facts = readFacts(description);
      if (facts === undefined || (await rows.read(facts.key)).ended) return undefined;
      return hold(facts);
    },
  };
}

function writeFacts({ capabilities, clientInfo, ...plain }: SessionFacts): JsonText {
  return JsonText.of(plain).with({ capabilities, clientInfo });
}

function readFacts(json: JsonText): SessionFacts | undefined {
  const [key, version, server] = ['key', 'version', 'server'].map((name) => json.get(name)?.string());
  const principal = json.get('principal')?.string();
  const [capabilities, clientInfo] = [json.get('capabilities'), json.get('clientInfo')];
  const expiresAtMs = json.get('expiresAtMs')?.value();
  if (key === undefined || version === undefined || server === undefined) return undefined;
  if (principal === undefined || capabilities === undefined || clientInfo === undefined) return undefined;
  if (typeof expiresAtMs !== 'number') return undefined;
  return { key, version, server, principal, capabilities, clientInfo, expiresAtMs };
}
