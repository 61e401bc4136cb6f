import type { JsonText } from '../../lib/json-text.ts';
import type { LegacyTransport } from '../../upstream/legacy/legacy-transport.ts';

/** The way from the stdio door to one MCP server, handed in by the command that runs it. */
export interface RelayTarget {
  /**
   * Posts one modern request. Resolves once the server is done with it, answered or not; rejects with a GatewardError
   * as HTTP upstreams do, or with the signal's reason. Closing it cancels the request.
   */
  post(request: ModernPost): Promise<void>;
  /** A transport for one legacy session, not started. */
  openSession(): LegacyTransport;
}

/** One modern request on its way. */
export interface ModernPost {
  readonly message: JsonText;
  /** The mirrored headers, by name. */
  readonly headers: Readonly<Record<string, string>>;
  /** True for a stream that is meant to last. */
  readonly isEndless: boolean;
  readonly signal: AbortSignal;
  /** Takes what comes for the request, in order. A promise asks the server to wait. */
  readonly onMessage: (message: JsonText) => Promise<void> | undefined;
}

/** Writes one message for the client. A promise asks to wait, since the client reads slowly. */
export type WriteMessage = (message: JsonText) => Promise<void> | undefined;

/** Milliseconds for which a request waits for a server that cannot be reached; it may just be starting. */
export const PATIENCE_MS = 10_000;
/** Pauses between attempts to reach it. */
export const RETRY = { firstMs: 200, maxMs: 5_000 } as const;
