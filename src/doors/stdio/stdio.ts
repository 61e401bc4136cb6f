/** The stdio door: a client that only speaks stdio, relayed to one MCP server over HTTP, in the client's own era. */
import { GatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import { type Classified, classify } from '../../wire/classify.ts';
import { LineReader } from '../../wire/lines.ts';
import { readMessage } from '../../wire/message.ts';
import { MODERN_VERSIONS } from '../../wire/versions.ts';
import { findOversizedId } from '../legacy/oversized-id.ts';
import { errorMessage } from './stdio-failure.ts';
import { LegacyRelay } from './stdio-legacy.ts';
import { ModernRelay, type ModernRelayParts } from './stdio-modern.ts';

/** A running door. */
export interface StdioDoor {
  /** Takes bytes of standard input. */
  take(chunk: Buffer): void;
  /** Standard input has ended: gives calls in flight a moment, then ends everything. Never rejects. */
  end(): Promise<void>;
  /** Ends everything now. Never rejects. */
  close(): Promise<void>;
}

/** What a door works with. */
export interface StdioDoorParts extends ModernRelayParts {
  /** Bytes that one message of the client may have. */
  readonly maxLineBytes: number;
}

/** Requests in flight at a time; more are refused. */
const MAX_IN_FLIGHT = 1_024;
/** Milliseconds that calls in flight get when the client has closed its end. */
const DRAIN_MS = 1_000;
const DRAIN_LOOK_MS = 20;

/** Makes the door. The first message but `server/discover` decides the era for good. */
export function createStdioDoor(parts: StdioDoorParts): StdioDoor {
  return new Door(parts);
}

class Door implements StdioDoor {
  readonly #parts: StdioDoorParts;
  readonly #lines: LineReader;
  readonly #modern: ModernRelay;
  readonly #legacy: LegacyRelay;
  #isModern = false;

  constructor(parts: StdioDoorParts) {
    this.#parts = parts;
    this.#lines = new LineReader(parts.maxLineBytes);
    this.#modern = new ModernRelay(parts);
    this.#legacy = new LegacyRelay(parts);
  }

  take(chunk: Buffer): void {
    for (const line of this.#lines.push(chunk)) {
      if (line.kind === 'line') this.#takeLine(line.bytes);
      else {
        const detail = `A line has at most ${this.#parts.maxLineBytes} bytes.`;
        this.#refuse(findOversizedId(line.head, line.tail), new GatewardError('BODY_TOO_LARGE', { detail }));
      }
    }
  }

  async end(): Promise<void> {
    const last = this.#lines.end();
    if (last?.kind === 'line') this.#takeLine(last.bytes);
    const { promise, resolve } = Promise.withResolvers<void>();
    const until = this.#parts.clock.now() + DRAIN_MS;
    const look = (): void => {
      const isDone = this.#modern.waiting + this.#legacy.waiting === 0;
      if (isDone || this.#parts.clock.now() >= until) resolve();
      else this.#parts.clock.after(DRAIN_LOOK_MS, look);
    };
    look();
    await promise;
    await this.close();
  }

  async close(): Promise<void> {
    this.#modern.close();
    await this.#legacy.close();
  }

  #takeLine(bytes: Buffer): void {
    if (bytes.toString('latin1').trim() === '') return;
    try {
      const json = JsonText.parse(bytes);
      this.#dispatch(json, classify(json, {}));
    } catch (thrown) {
      const detail = thrown instanceof Error ? thrown.message : undefined;
      this.#refuse(undefined, new GatewardError('PARSE_ERROR', { detail }));
    }
  }

  #dispatch(json: JsonText, found: Classified): void {
    if (found.era === 'refused') {
      this.#refuse(found.id, new GatewardError(found.code, { detail: found.detail, data: found.data }));
    } else if (found.era === 'modern') {
      if (found.kind === 'notification') this.#notify(json);
      else if (this.#hasRoom(found.id)) {
        if (found.method !== 'server/discover') this.#isModern = true;
        void this.#modern.take(found, json);
      }
    } else if (this.#isModern) this.#takeLegacyOfModern(json);
    else if (json.kind === 'array') void this.#legacy.takeBatch(json.items());
    else this.#takeLegacy(json);
  }

  #takeLegacy(json: JsonText): void {
    const message = readMessage(json);
    if (message.kind === 'request' && !this.#hasRoom(message.id)) return;
    void this.#legacy.take(message, json);
  }

  /** On a modern connection a request without `_meta` is a mistake, and `initialize` asks for another version. */
  #takeLegacyOfModern(json: JsonText): void {
    const message = readMessage(json);
    if (message.kind === 'notification') this.#notify(json);
    if (message.kind !== 'request') return;
    const requested = message.params?.get('protocolVersion')?.string();
    this.#refuse(
      message.id,
      message.method === 'initialize'
        ? new GatewardError('UNSUPPORTED_VERSION', { data: { supported: MODERN_VERSIONS, requested } })
        : new GatewardError('ENVELOPE_INVALID'),
    );
  }

  /** The core revision has one notification of clients on stdio: the cancellation. */
  #notify(json: JsonText): void {
    const id = json.at('params', 'requestId')?.text;
    if (json.get('method')?.string() === 'notifications/cancelled' && id !== undefined) {
      this.#modern.cancel(id);
    }
  }

  #hasRoom(id: string): boolean {
    if (this.#modern.size + this.#legacy.waiting < MAX_IN_FLIGHT) return true;
    this.#refuse(id, new GatewardError('TOO_MANY_STREAMS'));
    return false;
  }

  #refuse(id: string | undefined, error: GatewardError): void {
    void this.#parts.write(errorMessage(id, error));
  }
}
