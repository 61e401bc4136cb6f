import type { IncomingMessage } from 'node:http';
import { GatewardError } from '../../errors.ts';
import { type Accepted, readAccept } from '../../lib/media-type.ts';
import { remember } from '../../lib/remember.ts';
import { headerOf } from '../../wire/headers.ts';
import { findRevision } from '../../wire/legacy-revisions.ts';
import type { Exchange } from '../legacy-door.ts';
import type { LegacyParts } from './legacy-parts.ts';
import type { LiveSession } from './live-session.ts';

const ANYTHING: Accepted = { json: true, eventStream: true };
const accepted = remember(readAccept);

/** Which forms of an answer the client takes. */
export function acceptedOf({ headers }: IncomingMessage): Accepted {
  return headers.accept === undefined ? ANYTHING : accepted(headers.accept);
}

/**
 * The session that a request names. Throws what says that nobody may call so, SESSION_REQUIRED, or SESSION_NOT_FOUND for
 * one that is unknown, over, another server's or another caller's: 404, whereupon the client starts anew (2025-11-25
 * basic/transports §Session Management).
 */
export async function findSession({ request, server }: Exchange, parts: LegacyParts): Promise<LiveSession> {
  const caller = await parts.callers.authenticate(request.headers);
  const id = headerOf(request.headers, 'mcp-session-id');
  if (id === undefined) throw new GatewardError('SESSION_REQUIRED');
  const session = await parts.sessions.find(id, server);
  if (session?.facts.principal !== caller.key) throw new GatewardError('SESSION_NOT_FOUND');
  return session;
}

/**
 * A version header that names no legacy revision is refused (2025-11-25 basic/transports §Protocol Version Header).
 * The session's own version holds whichever of them it names: clients exist that send another one.
 */
export function checkVersionHeader({ headers }: IncomingMessage): void {
  const version = headerOf(headers, 'mcp-protocol-version');
  if (version !== undefined && findRevision(version) === undefined) {
    throw new GatewardError('VERSION_HEADER_INVALID');
  }
}
