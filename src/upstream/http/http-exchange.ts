/** One HTTP request to an upstream, where a promise and a few closures cost little beside what it does. */
import type { Dispatcher } from 'undici';
import { GatewardError } from '../../errors.ts';
import type { Abortable } from '../../lib/abort.ts';
import type { SseEvent } from '../../wire/sse.ts';
import { followMove, type HttpEndpoint } from './http-endpoint.ts';
import { HttpReply, type ReplyHead, type ReplyTarget } from './http-reply.ts';

/** What is sent. */
export interface HttpRequest {
  readonly endpoint: HttpEndpoint;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path and query, where it is not the endpoint's own. */
  readonly path?: string | undefined;
  /** Headers beside the configured ones, as flat name-value pairs. */
  readonly headers: readonly string[];
  readonly body?: Buffer | undefined;
  /** Which connections carry it; see UpstreamDispatcher. */
  readonly pool: 'calls' | 'streams';
  /** Closes the exchange; it then rejects with the signal's reason. */
  readonly signal: Abortable;
  /** Closes it too. */
  readonly alsoSignal?: Abortable | undefined;
  readonly onHead?: (head: ReplyHead, stream: boolean) => void;
  /** A promise stops the reading until it resolves. */
  readonly onEvent?: (event: SseEvent) => Promise<void> | undefined;
}

/** How an exchange ended. */
export type HttpEnd =
  | { readonly kind: 'body'; readonly head: ReplyHead; readonly body: Buffer }
  /** `error` is what broke the stream; undefined where the server ended it. */
  | { readonly kind: 'stream'; readonly head: ReplyHead; readonly error: GatewardError | undefined };

/**
 * Sends a request and reads its reply to the end, following one move of the endpoint within its origin. Rejects as
 * `failureOf` says when it fails before the head of an event stream has arrived.
 */
export async function exchangeHttp(request: HttpRequest): Promise<HttpEnd> {
  const { endpoint } = request;
  const path = request.path ?? endpoint.path;
  const end = await runExchange(request, path);
  if (request.path !== undefined || !followMove(endpoint, path, end.head)) return end;
  return runExchange(request, endpoint.path);
}

function runExchange(request: HttpRequest, path: string): Promise<HttpEnd> {
  const { endpoint, signal, alsoSignal } = request;
  return new Promise((resolve, reject) => {
    const stopWatching = (): void => {
      signal.removeEventListener('abort', abort);
      alsoSignal?.removeEventListener('abort', abort);
    };
    const target = new PromisedReply(request, (end) => {
      stopWatching();
      if (end instanceof GatewardError) reject(end);
      else resolve(end);
    });
    const reply = new HttpReply(target, endpoint.maxResponseBytes);
    const abort = (): void => {
      stopWatching();
      reply.abort();
      reject(signal.aborted ? signal.reason : alsoSignal?.reason);
    };
    if (signal.aborted || alsoSignal?.aborted === true) {
      abort();
      return;
    }
    signal.addEventListener('abort', abort);
    alsoSignal?.addEventListener('abort', abort);
    endpoint.dispatcher[request.pool].dispatch(optionsOf(request, path), reply);
  });
}

function optionsOf(request: HttpRequest, path: string): Dispatcher.DispatchOptions {
  return {
    origin: request.endpoint.dispatcher.origin,
    path,
    method: request.method,
    headers: [...request.endpoint.headers, ...request.headers],
    body: request.body ?? null,
  };
}

class PromisedReply implements ReplyTarget {
  readonly #request: HttpRequest;
  readonly #end: (end: HttpEnd | GatewardError) => void;
  /** The status of the event stream, once there is one. */
  #stream: number | undefined;

  constructor(request: HttpRequest, end: (end: HttpEnd | GatewardError) => void) {
    this.#request = request;
    this.#end = end;
  }

  onHead(head: ReplyHead, stream: boolean): void {
    if (stream) this.#stream = head.status;
    this.#request.onHead?.(head, stream);
  }

  onBody(head: ReplyHead, body: Buffer): void {
    this.#end({ kind: 'body', head, body });
  }

  onEvent(event: SseEvent): Promise<void> | undefined {
    return this.#request.onEvent?.(event);
  }

  onStreamEnd(): void {
    this.#finish(undefined);
  }

  onFailure(error: GatewardError): void {
    if (this.#stream === undefined) this.#end(error);
    else this.#finish(error);
  }

  #finish(error: GatewardError | undefined): void {
    if (this.#stream === undefined) return;
    this.#end({ kind: 'stream', head: { status: this.#stream, headers: {} }, error });
  }
}

/** Runs an exchange that must end within a time; rejects with UPSTREAM_UNAVAILABLE if it does not. */
export async function within<T>(
  timeoutMs: number,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const onAbort = (): void => abort.abort(signal.reason);
  const timer = setTimeout(() => {
    abort.abort(new GatewardError('UPSTREAM_UNAVAILABLE', { detail: 'It did not answer in time.' }));
  }, timeoutMs).unref();
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  try {
    return await run(abort.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
