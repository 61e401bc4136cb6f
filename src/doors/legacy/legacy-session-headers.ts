import type { IncomingMessage } from 'node:http';
import { GatewardError } from '../../errors.ts';
import { type Accepted, readAccept } from '../../lib/media-type.ts';
import { remember } from '../../lib/remember.ts';
import { persist } from '../../session/persist.ts';
import { headerOf } from '../../wire/headers.ts';
import { findRevision } from '../../wire/legacy-revisions.ts';
import type { Exchange } from '../legacy-door.ts';
import type { LegacyParts, Spoken } from './legacy-parts.ts';

const ANYTHING: Accepted = { json: true, eventStream: true };
const accepted = remember(readAccept);
/** Milliseconds that a request waits for a store that is gone: a restart of it costs no answer and no stream. */
export const STORE_PATIENCE_MS = 2_000;

/** Which forms of an answer the client takes. */
export function acceptedOf({ headers }: IncomingMessage): Accepted {
  return headers.accept === undefined ? ANYTHING : accepted(headers.accept);
}

/**
 * The session that a request names. Throws what says that nobody may call so, SESSION_REQUIRED, or SESSION_NOT_FOUND for
 * one that is unknown, over, another server's or another caller's: 404, whereupon the client starts anew (2025-11-25
 * basic/transports §Session Management). Throws STORE_UNAVAILABLE where the store cannot say whether it is over.
 */
export async function findSession({ request, server }: Exchange, parts: LegacyParts): Promise<Spoken> {
  const { headers } = request;
  if (parts.closed.aborted) throw new GatewardError('STOPPING');
  const principal = await parts.callers.authenticate(headers);
  const id = headerOf(headers, 'mcp-session-id');
  if (id === undefined) throw new GatewardError('SESSION_REQUIRED');
  const presented = { id, server, principal: principal.key };
  const { sessions, clock } = parts;
  const session = await persist(() => sessions.find(presented), { clock, giveUpMs: STORE_PATIENCE_MS });
  if (session === undefined) throw new GatewardError('SESSION_NOT_FOUND');
  return { session, headers, principal };
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
