import type { Principal } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import type { JsonText } from '../../lib/json-text.ts';
import type { NewSession } from '../../session/session-id.ts';
import type { HeaderValues } from '../../wire/headers.ts';
import { negotiateRevision } from '../../wire/legacy-revisions.ts';
import { readInitialize, writeInitializeResult } from '../../wire/rev2025-11-25/initialize.ts';
import { capabilitiesToModern } from '../../wire/rev2025-11-25/to-modern.ts';
import type { LegacyParts } from './legacy-parts.ts';
import { failureReply, type Reply, resultReply } from './legacy-reply.ts';
import { discover } from './legacy-session-methods.ts';

/** A request `initialize`. */
export interface InitializeRequest {
  /** Raw text. */
  readonly id: string;
  readonly params: JsonText | undefined;
  readonly server: string;
  readonly headers: HeaderValues | undefined;
  /** Who sent it. */
  readonly principal: Principal;
}

/** The answer to `initialize`, and the session that it opens unless it is an error. */
export interface Initialized {
  readonly reply: Reply;
  readonly opened: NewSession | undefined;
}

const METHOD = 'initialize';

/**
 * Answers `initialize` with what the inside discovers (2025-11-25 basic/lifecycle §Initialization). The session belongs
 * to who sent it. Throws INVALID_PARAMS.
 */
export async function answerInitialize(request: InitializeRequest, parts: LegacyParts): Promise<Initialized> {
  const { id, server, headers, principal } = request;
  const { protocolVersion, capabilities, clientInfo } = readInitialize(request.params);
  const revision = negotiateRevision(protocolVersion);
  const envelope = { capabilities: capabilitiesToModern(capabilities), clientInfo, logLevel: undefined };
  const outcome = await discover({ server, headers, principal, envelope, session: undefined, id }, parts);
  if (outcome.kind === 'error') return { reply: failureReply(id, outcome, METHOD), opened: undefined };
  if (outcome.kind !== 'complete') throw new GatewardError('UPSTREAM_INVALID');
  return {
    reply: resultReply(id, writeInitializeResult(outcome.result, revision, server)),
    opened: { version: revision.version, server, principal: principal.key, capabilities, clientInfo },
  };
}
