import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Failed } from '../call.ts';
import { ERRORS, type ErrorCode, type GatewardError } from '../errors.ts';
import { failedBy } from '../wire/failure.ts';
import { writeError } from '../wire/message.ts';
import type { Ticker } from './ticker.ts';

/** Answers JSON in one write. */
export function answerJson(response: ServerResponse, status: number, body: Buffer): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
}

/** What a refusal says beside its error. */
export interface RefusalOptions {
  /** Raw text of the id of the request that is refused; none before the body is read. */
  readonly id?: string | undefined;
  /** The methods for the Allow header of a 405 (RFC 9110 §10.2.1). */
  readonly allow?: string | undefined;
  /** In place of the status of the error list, where HTTP alone is spoken. */
  readonly status?: number | undefined;
}

/** Answers an error of ours: the status of the error list, and a JSON-RPC error as body. */
export function refuse(response: ServerResponse, error: GatewardError, options: RefusalOptions = {}): void {
  const body = writeError(options.id, failedBy(error).error);
  response.writeHead(options.status ?? ERRORS[error.code].status, refusalHead(error, body, options));
  response.end(body);
}

/** Milliseconds for which the rest of a refused body is taken, so that the client gets to read the refusal. */
const LINGER_MS = 1000;

/**
 * Refuses a request whose body is not read, and closes the connection. A close while the client still sends would
 * reset the connection and could destroy the answer on its way, so what comes is read and dropped for a second.
 */
export function refuseUnread(
  request: IncomingMessage,
  response: ServerResponse,
  { error, ticker }: { readonly error: GatewardError; readonly ticker: Ticker },
): void {
  const body = writeError(undefined, failedBy(error).error);
  response.shouldKeepAlive = false;
  response.writeHead(ERRORS[error.code].status, refusalHead(error, body, {}));
  response.write(body);
  const untilMs = ticker.now() + LINGER_MS;
  const timed = { tick: (nowMs: number) => void (nowMs >= untilMs && finish()) };
  const finish = () => {
    ticker.delete(timed);
    if (!response.writableEnded) response.end();
  };
  ticker.add(timed);
  request.once('end', finish);
  response.once('close', finish);
  request.resume();
}

function refusalHead(error: GatewardError, body: Buffer, { allow }: RefusalOptions): OutgoingHttpHeaders {
  const head: OutgoingHttpHeaders = { 'Content-Type': 'application/json', 'Content-Length': body.length };
  if (allow !== undefined) head['Allow'] = allow;
  tellFailure(head, error);
  return head;
}

/** Adds the headers that say what to do about an error. */
export function tellFailure(
  head: OutgoingHttpHeaders,
  { code, retryAfterSeconds }: Pick<Failed, 'code' | 'retryAfterSeconds'>,
): void {
  if (retryAfterSeconds !== undefined) head['Retry-After'] = Math.ceil(retryAfterSeconds);
  const challenge = challengeOf(code);
  if (challenge !== undefined) head['WWW-Authenticate'] = challenge;
}

/** What a 401 says in WWW-Authenticate (RFC 6750 §3); undefined for every other answer. */
function challengeOf(code: ErrorCode | undefined): string | undefined {
  if (code === 'KEY_REQUIRED') return 'Bearer realm="gateward"';
  return code === 'KEY_INVALID' ? 'Bearer realm="gateward", error="invalid_token"' : undefined;
}
