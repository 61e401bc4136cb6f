import type { AuthorizationContext, Call, Outcome } from '../call.ts';

/**
 * The port to one MCP server. Every connector speaks modern to the inside, whatever its server speaks: it answers
 * `server/discover` and `subscriptions/listen`, stamps `resultType`, and turns a reverse request into an
 * `input_required` outcome. What the server sends for a call goes to `call.notify` before the outcome.
 *
 * An aborted `call.signal` cancels the call at the server and rejects with the signal's reason.
 */
export interface Connector {
  /**
   * Carries one modern call. Resolves with what the server answered, errors included; throws UPSTREAM_UNAVAILABLE
   * when nothing was run, UPSTREAM_LOST, UPSTREAM_FAILED, UPSTREAM_TIMEOUT, UPSTREAM_INVALID, UPSTREAM_REFUSED otherwise.
   */
  call(call: Call, context: AuthorizationContext): Promise<Outcome>;
  /** Ends connections and processes; calls in flight end in UPSTREAM_LOST. Resolves when nothing is left. */
  close(): Promise<void>;
}
