import type { GatewardError } from '../../errors.ts';
import type { Abortable } from '../../lib/abort.ts';
import type { JsonText } from '../../lib/json-text.ts';

/**
 * The port under a legacy connection: moves JSON-RPC messages to one session of a legacy server and back. It knows
 * nothing of what the messages mean.
 */
export interface LegacyTransport {
  /** True where a message tells by its stream which request it belongs to (Streamable HTTP), false elsewhere. */
  readonly tellsRequests: boolean;
  /** Connects, or starts the process. Throws UPSTREAM_UNAVAILABLE, UPSTREAM_REFUSED or LAUNCH_FAILED. */
  start(events: TransportEvents): Promise<void>;
  /** Sends one message. Resolves once it is delivered, not once it is answered. Throws as start does. */
  send(message: JsonText, options: SendOptions): Promise<void>;
  /** Tells the version that `initialize` agreed on; from then on the transport may send its version header. */
  useVersion(version: string): void;
  /** Opens the stream for messages that belong to no request, where there is one (HTTP GET). Safe to call again. */
  openStandalone(): void;
  /** Closes it while nobody needs it; opened again, it goes on where it was. Safe to call at any time. */
  closeStandalone(): void;
  /** Ends the session politely (HTTP DELETE; stdin closed, SIGTERM, SIGKILL). Resolves when nothing is left. */
  close(): Promise<void>;
  /** Absent where a session is tied to a connection or a process (HTTP+SSE, stdio). */
  readonly handOver?: HandOver | undefined;
}

/** An open session as its transport knows it. */
export interface HeldSession {
  /** Undefined where the server gave none. */
  readonly sessionId: string | undefined;
  /** The newest event on the stream for messages that belong to no request. */
  readonly lastEventId: string | undefined;
}

/** What a transport offers whose sessions outlive connections and processes (Streamable HTTP). */
export interface HandOver {
  /** What another replica needs to go on with the session; undefined before it is open. */
  snapshot(): HeldSession | undefined;
  /** Goes on with a session that another replica opened, in place of `start`. */
  adopt(events: TransportEvents, session: HeldSession): void;
  /** The newest event on the stream of a request that is under way, where the server names its events. */
  lastEventId(requestId: string): string | undefined;
  /**
   * Goes on with the stream of a request that another replica sent (2025-11-25 transports §Resumability and
   * Redelivery). Resolves once the server streams again; throws UPSTREAM_LOST if it does not.
   */
  resume(options: ResumeOptions): Promise<void>;
  /** The session is another replica's by now: `close` says nothing to the server. */
  leave(): void;
}

/** Which stream is to go on. */
export interface ResumeOptions {
  /** Raw id text. */
  readonly requestId: string;
  /** The newest event that was seen. */
  readonly lastEventId: string;
  /** Ends the stream. */
  readonly signal: Abortable;
}

/** How one message is to be sent. */
export interface SendOptions {
  /** Raw id text, when the message is a request. */
  readonly requestId: string | undefined;
  /** Aborts the HTTP request of this message, its response stream included. */
  readonly signal: Abortable | undefined;
  /** It needs nothing of the standalone stream, so it does not wait until that is open. */
  readonly atOnce?: boolean;
}

/** What a transport tells its connection. */
export interface TransportEvents {
  /**
   * A message of the server. `requestId` is the raw id of the request on whose stream it came; undefined on the
   * standalone stream and on transports without streams. A promise asks the transport to read no further until then.
   */
  readonly onMessage: (message: JsonText, requestId: string | undefined) => Promise<void> | undefined;
  /** The server answers a request on a stream of its own. */
  readonly onStream?: (requestId: string) => void;
  /** The server hung up the stream of a request, which is resumed after `retryMs`. */
  readonly onHungUp?: (requestId: string, retryMs: number) => void;
  /** The stream of a request ended without its response, and could not be resumed. */
  readonly onRequestFailed: (requestId: string, error: GatewardError) => void;
  /** The session is gone (404, process exit, connection lost); nothing more comes. */
  readonly onClosed: (error: GatewardError) => void;
}
