import { GatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { LETTER_OVERHEAD, type PostLetter } from './letters.ts';

/** What an outbox is made of. */
export interface OutboxParts {
  /** Puts letters into the mailbox of the destination; the same number again is the same bundle. */
  readonly insert: (letters: readonly PostLetter[], number: number) => Promise<void>;
  /** Numbers bundles; never goes back, whichever outbox asks. */
  readonly nextNumber: () => number;
  /** Whether the destination still may read what is sent. */
  readonly isAlive: () => boolean;
  readonly clock: Clock;
}

interface Waiting extends PostLetter {
  readonly sinceMs: number;
  readonly bytes: number;
  readonly done: PromiseWithResolvers<void>;
}

/** Bytes of one bundle, unless a single letter is larger. */
const BUNDLE_BYTES = 512 * 1024;
const BUNDLE_LETTERS = 500;
/** Milliseconds after which the store has had its chance. */
const GIVE_UP_MS = 10_000;
const RETRY_MS = 200;

/**
 * Letters to one replica: one bundle is under way at a time, and what comes meanwhile travels together in the next.
 * A bundle that the store did not take is offered again under the same number, for it may have taken it.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  #waiting: Waiting[] = [];
  #sending: Promise<void> | undefined;
  #closed = false;
  /** Bytes that wait, those under way included. */
  bytes = 0;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** Resolves once the store has it; rejects with STORE_UNAVAILABLE. */
  add(letter: PostLetter): Promise<void> {
    const bytes = letter.body.length + letter.subject.length + LETTER_OVERHEAD;
    const done = Promise.withResolvers<void>();
    this.bytes += bytes;
    this.#waiting.push({ ...letter, bytes, done, sinceMs: this.#parts.clock.now() });
    this.#sending ??= this.#sendAll();
    return done.promise;
  }

  /** Nothing is offered again any more. Resolves when nothing is under way. Never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    // Letters of one turn of the loop travel together.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#sendOne(this.#take());
    this.#sending = undefined;
  }

  #take(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const letter of this.#waiting) {
      bytes += letter.bytes;
      if (count > 0 && (bytes > BUNDLE_BYTES || count >= BUNDLE_LETTERS)) break;
      count++;
    }
    const taken = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    return taken;
  }

  async #sendOne(bundle: readonly Waiting[]): Promise<void> {
    const number = this.#parts.nextNumber();
    let failure: unknown;
    do {
      try {
        await this.#parts.insert(bundle, number);
        this.#settle(bundle, ({ done }) => done.resolve());
        return;
      } catch (thrown) {
        failure = thrown;
      }
    } while (await this.#mayRetry(bundle));
    const error =
      failure instanceof GatewardError ? failure : new GatewardError('STORE_UNAVAILABLE', { cause: failure });
    this.#settle(bundle, ({ done }) => done.reject(error));
  }

  async #mayRetry(bundle: readonly Waiting[]): Promise<boolean> {
    const { clock, isAlive } = this.#parts;
    const since = bundle[0]?.sinceMs ?? 0;
    const over = (): boolean => this.#closed || !isAlive() || clock.now() - since > GIVE_UP_MS;
    if (over()) return false;
    await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
    return !over();
  }

  #settle(bundle: readonly Waiting[], settle: (letter: Waiting) => void): void {
    for (const letter of bundle) {
      this.bytes -= letter.bytes;
      settle(letter);
    }
  }
}
