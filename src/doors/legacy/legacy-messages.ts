import { GatewardError } from '../../errors.ts';
import type { JsonText } from '../../lib/json-text.ts';
import { type Message, readMessage } from '../../wire/message.ts';
import type { Revision } from '../../wire/rev2025-11-25/revision.ts';

/** A request that was posted. */
export interface PostedRequest {
  readonly message: JsonText;
  readonly id: string;
  readonly method: string;
  readonly params: JsonText | undefined;
}

/** What a body says, sorted. */
export interface Posted {
  readonly requests: readonly PostedRequest[];
  /** Notifications and responses, in their order. */
  readonly others: readonly Exclude<Message, { kind: 'request' | 'invalid' }>[];
  readonly batch: boolean;
}

const MAX_BATCH = 256;

/**
 * Sorts what a session's client posted: one message, or an array of them where the revision has batches (2025-03-26
 * basic §Batching). Throws INVALID_REQUEST for the body as a whole, before anything of it is done.
 */
export function readPosted(body: JsonText, revision: Revision): Posted {
  const batch = body.kind === 'array';
  if (batch && !revision.batches) throw invalid('This revision takes one message, not an array.');
  const messages = batch ? body.items() : [body];
  if (messages.length === 0) throw invalid('The array is empty.');
  if (messages.length > MAX_BATCH) throw invalid(`An array has at most ${MAX_BATCH} messages.`);
  const requests: PostedRequest[] = [];
  const others: Posted['others'][number][] = [];
  for (const message of messages) {
    const read = readMessage(message);
    if (read.kind === 'invalid') throw invalid(read.detail);
    if (read.kind !== 'request') others.push(read);
    else if (batch && read.method === 'initialize') throw invalid('initialize stands alone.');
    else requests.push({ message, id: read.id, method: read.method, params: read.params });
  }
  return { requests, others, batch };
}

function invalid(detail: string): GatewardError {
  return new GatewardError('INVALID_REQUEST', { detail });
}
