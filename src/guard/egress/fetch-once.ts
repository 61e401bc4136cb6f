import type { IncomingHttpHeaders } from 'node:http';
import { Client, type Dispatcher } from 'undici';
import { GatewardError } from '../../errors.ts';
import type { Abortable } from '../../lib/abort.ts';
import { ByteCollector } from '../../lib/byte-collector.ts';
import { raceAbort } from '../../lib/race-abort.ts';
import { type ConnectParts, judgedConnect } from './judged-connect.ts';
import type { PurposeRules } from './purposes.ts';

/** One request for one document. */
export interface OneFetch {
  /** As `judgeUrl` gave it. */
  readonly url: URL;
  readonly rules: PurposeRules;
  readonly connect: ConnectParts;
  readonly userAgent: string;
  readonly signal: Abortable;
}

/** What came. */
export type OneReply =
  | {
      readonly kind: 'document';
      readonly type: string;
      readonly bytes: Buffer;
      readonly cacheControl: string;
    }
  | { readonly kind: 'redirect'; readonly location: string };

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MAX_HEADER_BYTES = 16_384;

/**
 * Asks for a document on a connection of its own, which ends with the answer: nothing of one fetch, neither cookies nor
 * TLS sessions, is known to the next. Rejects with EGRESS_REFUSED, EGRESS_FAILED or the signal's reason.
 */
export async function fetchOnce(fetch: OneFetch): Promise<OneReply> {
  const { url, rules, connect, userAgent, signal } = fetch;
  signal.throwIfAborted();
  const client = new Client(url.origin, {
    connect: judgedConnect(connect),
    pipelining: 1,
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: connect.timeoutMs,
    bodyTimeout: connect.timeoutMs,
  });
  const run = async (): Promise<OneReply> => {
    const reply = await client.request({
      path: url.pathname + url.search,
      method: 'GET',
      headers: { accept: rules.accept, 'accept-encoding': 'identity', 'user-agent': userAgent },
    });
    return readReply(reply, rules);
  };
  try {
    return await raceAbort(run(), signal);
  } catch (thrown) {
    throw signal.aborted ? signal.reason : failureOf(thrown);
  } finally {
    // Its promise only waits for the sockets to close.
    client.destroy().catch(() => undefined);
  }
}

async function readReply(reply: Dispatcher.ResponseData, rules: PurposeRules): Promise<OneReply> {
  const { statusCode, headers, body } = reply;
  // What is not read is cut off with the connection.
  body.on('error', () => undefined);
  if (REDIRECTS.has(statusCode)) return { kind: 'redirect', location: one(headers, 'location') };
  if (statusCode !== 200) throw failed(`It answered HTTP ${statusCode}.`);
  if (!['', 'identity'].includes(one(headers, 'content-encoding')))
    throw failed('It compresses although it was not asked to.');
  const type = one(headers, 'content-type').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (!rules.takes(type)) throw failed('It is of another content type.');
  if (Number(one(headers, 'content-length')) > rules.maxBytes) throw tooLarge();
  const bytes = await readBody(body, rules.maxBytes);
  return { kind: 'document', type, bytes, cacheControl: one(headers, 'cache-control') };
}

async function readBody(body: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const pieces = new ByteCollector();
  for await (const piece of body) {
    if (pieces.size + piece.length > maxBytes) throw tooLarge();
    pieces.add(piece);
  }
  return pieces.take();
}

function one(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

/** What a fetch that broke means. Only errors of our own say why; those of the network are for the log. */
function failureOf(thrown: unknown): GatewardError {
  for (let error = thrown; error instanceof Error; error = error.cause)
    if (error instanceof GatewardError) return error;
  return new GatewardError('EGRESS_FAILED', { cause: thrown });
}

function failed(detail: string): GatewardError {
  return new GatewardError('EGRESS_FAILED', { detail });
}

function tooLarge(): GatewardError {
  return failed('It is too large.');
}
