import { JsonText } from '../../lib/json-text.ts';
import { LEGACY_VERSIONS } from '../../wire/rev2025-11-25/upstream-request.ts';
import type { LegacyServer } from '../../wire/rev2025-11-25/upstream-result.ts';
import type { HeldSession } from './legacy-transport.ts';

/** What another replica needs to go on with an open session of a legacy server. */
export interface AdoptedSession extends HeldSession {
  /** What `initialize` agreed on. */
  readonly server: LegacyServer;
  /** What `initialize` declared. */
  readonly capabilities: JsonText;
}

/** The form in which replicas leave it to each other. Whoever stores it seals it: its id is a secret. */
export function writeAdoptedSession({
  sessionId,
  lastEventId,
  server,
  capabilities,
}: AdoptedSession): JsonText {
  const { version, serverInfo, instructions } = server;
  return JsonText.of({ sessionId, lastEventId, version }).with({
    capabilities,
    serverCapabilities: server.capabilities,
    serverInfo,
    instructions,
  });
}

/** Reads what `writeAdoptedSession` wrote; undefined for anything else. */
export function readAdoptedSession(json: JsonText | undefined): AdoptedSession | undefined {
  const version = json?.get('version')?.string();
  const capabilities = json?.get('capabilities');
  const serverCapabilities = json?.get('serverCapabilities');
  if (json === undefined || version === undefined || !LEGACY_VERSIONS.includes(version)) return undefined;
  if (capabilities?.kind !== 'object' || serverCapabilities?.kind !== 'object') return undefined;
  return {
    sessionId: json.get('sessionId')?.string(),
    lastEventId: json.get('lastEventId')?.string(),
    capabilities,
    server: {
      version,
      capabilities: serverCapabilities,
      serverInfo: json.get('serverInfo'),
      instructions: json.get('instructions'),
    },
  };
}
