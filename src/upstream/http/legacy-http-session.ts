import { GatewardError } from '../../errors.ts';
import { Abort, type Abortable } from '../../lib/abort.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { TransportEvents } from '../legacy/legacy-transport.ts';
import type { HttpEndpoint } from './http-endpoint.ts';
import type { ReplyHead } from './http-reply.ts';

/** What a legacy HTTP transport works with. */
export interface LegacyHttpOptions {
  readonly endpoint: HttpEndpoint;
  readonly clock: Clock;
  /** A number from 0 to below 1. */
  readonly random: () => number;
  readonly log: Log;
  /** Told the version of each session, once it is agreed. */
  readonly onVersion?: (version: string) => void;
}

/** From this revision on, requests after `initialize` carry the version header (2025-06-18 transports). */
const FIRST_WITH_VERSION_HEADER = '2025-06-18';
/** Visible ASCII (2025-03-26 transports §Session Management). */
const SESSION_ID = /^[\x21-\x7e]{1,8192}$/;

/** What the requests of one Streamable HTTP session share: its id, its version, and its end. */
export class LegacyHttpSession {
  readonly options: LegacyHttpOptions;
  readonly events: TransportEvents;
  readonly #ended = new Abort();
  #id: string | undefined;
  #version: string | undefined;

  /** `id` is that of a session that is open already. */
  constructor(options: LegacyHttpOptions, events: TransportEvents, id?: string) {
    this.options = options;
    this.events = events;
    this.#id = id;
  }

  /** Undefined until the server gave one; many servers never do. */
  get id(): string | undefined {
    return this.#id;
  }

  /** Aborts when the session ends, with the GatewardError that says why. */
  get ended(): Abortable {
    return this.#ended;
  }

  useVersion(version: string): void {
    this.options.onVersion?.(version);
    if (version >= FIRST_WITH_VERSION_HEADER) this.#version = version;
  }

  /** Takes the session id from the answer to `initialize`. Throws UPSTREAM_INVALID. */
  takeId(head: ReplyHead): void {
    const id = head.headers['mcp-session-id'];
    if (id === undefined) return;
    if (typeof id !== 'string' || !SESSION_ID.test(id)) {
      throw new GatewardError('UPSTREAM_INVALID', { detail: 'Its Mcp-Session-Id is malformed.' });
    }
    this.#id = id;
  }

  /** The headers that tell the session, as flat pairs, and where to resume. */
  headers(lastEventId?: string): string[] {
    const headers: string[] = [];
    if (this.#id !== undefined) headers.push('mcp-session-id', this.#id);
    if (this.#version !== undefined) headers.push('mcp-protocol-version', this.#version);
    if (lastEventId !== undefined) headers.push('last-event-id', lastEventId);
    return headers;
  }

  /** The server does not know the session any more; tells the connection once. */
  lose(error: GatewardError): void {
    if (this.end(error)) this.events.onClosed(error);
  }

  /** Ends the requests of the session. False if it has ended before. */
  end(error: GatewardError): boolean {
    if (this.#ended.aborted) return false;
    this.#ended.abort(error);
    return true;
  }
}

/** The session is not known to the server: whatever was sent has not run. */
export function sessionLost(): GatewardError {
  return new GatewardError('UPSTREAM_UNAVAILABLE', { detail: 'Its session has ended.' });
}
