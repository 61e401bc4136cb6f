/** One call to a modern server over HTTP, from its headers to its outcome. */
import type { AuthorizationContext, Call, Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { JsonRefused } from '../../lib/json-scan.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { Slots, Slotted } from '../../lib/slots.ts';
import { failedUpstream } from '../../wire/failure.ts';
import { encodeHeaderValue } from '../../wire/headers.ts';
import { type Message, readMessage } from '../../wire/message.ts';
import type { SseEvent } from '../../wire/sse.ts';
import { type Deadlines, type Expirable, isEndless } from '../deadline.ts';
import { outcomeOfResult } from '../modern-result.ts';
import { sameId } from '../same-id.ts';
import { followMove, type HttpEndpoint } from './http-endpoint.ts';
import { failureOfStatus } from './http-failure.ts';
import { HttpReply, isJson, type ReplyHead, type ReplyTarget } from './http-reply.ts';

/** What the catalog knows and this connector needs, and what it has to report. */
export interface ModernHooks {
  /** `Mcp-Param-*` headers of a call, encoded; undefined where its tool mirrors nothing or is not known. */
  readonly paramHeaders?: (
    call: Call,
    context: AuthorizationContext,
  ) => Readonly<Record<string, string>> | undefined;
  /** The server found the headers wrong (-32020): fetch the tools past every cache. The call is sent once more. */
  readonly onHeaderMismatch?: (call: Call, context: AuthorizationContext) => Promise<void>;
  /** The server does not speak the version it spoke before (-32022). */
  readonly onVersionRefused?: () => void;
}

/** What one modern connector is made of. */
export interface ModernHttpOptions {
  readonly endpoint: HttpEndpoint;
  readonly deadlines: Deadlines;
  readonly hooks: ModernHooks;
}

/** The place of an exchange among those in flight. */
export interface Running extends Slotted {
  readonly exchange: ModernExchange;
}

/** What an exchange works with. */
export interface ExchangeParts {
  readonly options: ModernHttpOptions;
  readonly call: Call;
  readonly context: AuthorizationContext;
  /** The exchanges in flight, of which this is one until it ends. */
  readonly running: Slots<Running>;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (reason: unknown) => void;
}

const HEADER_MISMATCH = '-32020';
const VERSION_REFUSED = '-32022';
/** Milliseconds a server has to end its stream after the response, so that the connection can serve again. */
const STREAM_END_MS = 1_000;

/** See `createModernHttpConnector`. One object for all that a call needs, since every call pays for it. */
export class ModernExchange implements ReplyTarget, Expirable {
  expiresAtMs = 0;
  latestAtMs = 0;
  slot: number | undefined;
  readonly #running: Running = { exchange: this, slot: undefined };
  readonly #parts: ExchangeParts;
  readonly #endless: boolean;
  #reply: HttpReply;
  #sentTo = '';
  #attempts = 0;
  #settled = false;
  #streaming = false;
  #streamEnd: NodeJS.Timeout | undefined;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
    this.#endless = isEndless(parts.call.method);
    this.#reply = new HttpReply(this, parts.options.endpoint.maxResponseBytes);
  }

  start(): void {
    const { call, options, running } = this.#parts;
    if (call.signal.aborted) {
      this.#parts.reject(call.signal.reason);
      return;
    }
    running.add(this.#running);
    call.signal.addEventListener('abort', this);
    options.deadlines.start(this);
    this.#send();
  }

  /** The call's signal was aborted: closing the request cancels it (2026-07-28 cancellation). */
  handleEvent(): void {
    this.#fail(this.#parts.call.signal.reason);
  }

  expire(error: GatewardError): void {
    this.#fail(error);
  }

  onBody(head: ReplyHead, body: Buffer): void {
    try {
      this.#takeBody(head, body);
    } catch (error) {
      this.#fail(readable(error));
    }
  }

  onEvent(event: SseEvent): Promise<void> | undefined {
    if (this.#settled || event.data === undefined || event.data.length === 0) return undefined;
    if (event.event !== '' && event.event !== 'message') return undefined;
    this.#streaming = true;
    if (this.#endless) this.#parts.options.deadlines.stop(this);
    try {
      return this.#takeMessage(JsonText.parse(event.data));
    } catch (error) {
      this.#fail(readable(error));
      return undefined;
    }
  }

  onStreamEnd(): void {
    clearTimeout(this.#streamEnd);
    if (!this.#settled) {
      this.#fail(new GatewardError('UPSTREAM_LOST', { detail: 'Its stream ended without the response.' }));
    }
  }

  onFailure(error: GatewardError): void {
    clearTimeout(this.#streamEnd);
    this.#fail(error);
  }

  #send(): void {
    const { call, options } = this.#parts;
    const { endpoint } = options;
    this.#attempts++;
    this.#sentTo = endpoint.path;
    const { calls, streams } = endpoint.dispatcher;
    (this.#endless ? streams : calls).dispatch(
      {
        origin: endpoint.dispatcher.origin,
        path: endpoint.path,
        method: 'POST',
        headers: this.#headers(),
        body: call.message.bytes,
      },
      this.#reply,
    );
  }

  #headers(): string[] {
    const { call, context, options } = this.#parts;
    const headers = [
      ...options.endpoint.headers,
      'content-type',
      'application/json',
      'accept',
      'application/json, text/event-stream',
      'mcp-protocol-version',
      call.meta.protocolVersion,
      'mcp-method',
      call.method,
    ];
    if (call.name !== undefined) headers.push('mcp-name', encodeHeaderValue(call.name));
    const params = options.hooks.paramHeaders?.(call, context);
    if (params !== undefined) for (const [name, value] of Object.entries(params)) headers.push(name, value);
    return headers;
  }

  #takeBody(head: ReplyHead, body: Buffer): void {
    if (this.#attempts === 1 && followMove(this.#parts.options.endpoint, this.#sentTo, head)) {
      this.#sendAgain();
      return;
    }
    const { status, headers } = head;
    if (status === 401 || status === 403 || status === 429 || !isJson(headers['content-type'])) {
      this.#fail(
        status === 200
          ? notMcp('Its answer is neither JSON nor an event stream.')
          : failureOfStatus(status, headers),
      );
      return;
    }
    const message = readAnswer(status, body);
    if (message === undefined) this.#fail(failureOfStatus(status, headers));
    else this.#takeAnswer(message);
  }

  #takeMessage(json: JsonText): Promise<void> | undefined {
    const message = readMessage(json);
    if (message.kind !== 'notification') {
      this.#takeAnswer(message);
      return undefined;
    }
    if (message.method === 'notifications/progress') this.#parts.options.deadlines.extend(this);
    return this.#parts.call.notify(json);
  }

  #takeAnswer(message: Message): void {
    const { call } = this.#parts;
    if (message.kind === 'result') {
      if (!sameId(message.id, call.id)) this.#fail(notMcp('Its answer has the id of another request.'));
      else this.#succeed(outcomeOfResult(message.result, call));
    } else if (message.kind === 'error') {
      const foreign = message.id !== undefined && !sameId(message.id, call.id);
      if (foreign) this.#fail(notMcp('Its answer has the id of another request.'));
      else this.#takeError(message.error);
    } else if (message.kind === 'invalid') this.#fail(notMcp(message.detail));
    else this.#fail(notMcp('It sent a request, which this revision does not know.'));
  }

  #takeError(error: JsonText): void {
    const code = error.get('code')?.text;
    const { hooks } = this.#parts.options;
    // Neither can be mended by the client: both are about this hop.
    if (code === VERSION_REFUSED) {
      hooks.onVersionRefused?.();
      this.#fail(notMcp('It does not take the protocol version of the call.'));
    } else if (code === HEADER_MISMATCH) this.#mendHeaders();
    else this.#succeed(failedUpstream(error));
  }

  #mendHeaders(): void {
    const { call, context, options } = this.#parts;
    const { onHeaderMismatch } = options.hooks;
    if (onHeaderMismatch === undefined || this.#attempts > 1) {
      this.#fail(notMcp('It refuses the headers that mirror the call.'));
      return;
    }
    onHeaderMismatch(call, context).then(
      () => this.#sendAgain(),
      (error: unknown) => this.#fail(error),
    );
  }

  #sendAgain(): void {
    if (this.#settled) return;
    this.#reply.abort();
    this.#reply = new HttpReply(this, this.#parts.options.endpoint.maxResponseBytes);
    this.#send();
  }

  #succeed(outcome: Outcome): void {
    if (!this.#settle()) return;
    if (this.#streaming) this.#streamEnd = setTimeout(() => this.#reply.abort(), STREAM_END_MS).unref();
    this.#parts.resolve(outcome);
  }

  /** Ends the exchange; closing the connection tells the server to stop. */
  #fail(reason: unknown): void {
    if (!this.#settle()) return;
    this.#reply.abort();
    this.#parts.reject(reason);
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    const { call, options, running } = this.#parts;
    options.deadlines.stop(this);
    running.delete(this.#running);
    call.signal.removeEventListener('abort', this);
    return true;
  }
}

/** The JSON-RPC message of a body. What fails without one is told by its status. */
function readAnswer(status: number, body: Buffer): Message | undefined {
  if (status < 300) return readMessage(JsonText.parse(body));
  try {
    const message = readMessage(JsonText.parse(body));
    return message.kind === 'error' ? message : undefined;
  } catch {
    return undefined;
  }
}

function notMcp(detail: string): GatewardError {
  return new GatewardError('UPSTREAM_INVALID', { detail });
}

function readable(error: unknown): unknown {
  return error instanceof JsonRefused ? notMcp(error.message) : error;
}
