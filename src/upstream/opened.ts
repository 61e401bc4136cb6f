import type { JsonText } from '../lib/json-text.ts';
import type { Connector } from './connector.ts';

/** The eras of MCP, as the gateway tells them apart. */
export type Era = 'modern' | 'legacy';

/** An upstream that answers. */
export interface Opened {
  /** Has deadlines of its own or none; whoever opens it puts them there. */
  readonly connector: Connector;
  readonly era: Era;
  readonly transport: 'http' | 'sse' | 'stdio';
  /** What the two sides agreed on, e.g. `2025-11-25`. */
  readonly protocolVersion: string | undefined;
  /** What the server calls itself: an Implementation object. */
  readonly serverInfo: JsonText | undefined;
}

/** How an upstream of one kind is opened. Every method rejects with a GatewardError that says why. */
export interface Opener {
  /** Finds out what the upstream speaks, and reaches it. */
  open(signal: AbortSignal): Promise<Opened>;
  /** Looks whether `opened` still serves: gives it back, or what has to take its place. */
  check(opened: Opened, signal: AbortSignal): Promise<Opened>;
  /** Ends what all that was opened shares. The connectors are closed before. */
  close(): Promise<void>;
}
