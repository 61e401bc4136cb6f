import { GatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { pause } from '../../lib/pause.ts';
import { LETTER_OVERHEAD, type PostLetter } from './letters.ts';

/** What an outbox is made of. */
export interface OutboxParts {
  /** Makes a bundle of letters ready to leave; it may leave by a quicker way already. */
  readonly pack: (letters: readonly PostLetter[]) => Packed;
  /** Puts bundles into the mailbox of the destination, in this order. They may have been put in before. */
  readonly insert: (bundles: readonly Packed[]) => Promise<void>;
  /** Whether the destination still may read what is sent. */
  readonly isAlive: () => boolean;
  readonly clock: Clock;
}

/** A bundle as the store gets it. */
export interface Packed {
  readonly body: Buffer;
  /** It left by a quicker way too. */
  readonly isPublished: boolean;
}

interface Waiting extends PostLetter {
  readonly bytes: number;
  readonly done: PromiseWithResolvers<void>;
}

interface Parcel extends Packed {
  readonly letters: readonly Waiting[];
  readonly sinceMs: number;
}

/** Bytes of one bundle, unless a single letter is larger. */
const BUNDLE_BYTES = 512 * 1024;
/** Bytes of bundles that are put in at a time, unless a single one is larger. */
const INSERT_BYTES = 1024 * 1024;
const MAX_BUNDLES = 200;
/** Milliseconds after which the store has had its chance. */
const GIVE_UP_MS = 10_000;
const RETRY_MS = 200;

/**
 * Letters to one replica. Those of one turn of the event loop make one bundle. One insert is under way at a time, and
 * bundles that come meanwhile go together in the next. What the store did not take is offered again, for it may have
 * taken it.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  #letters: Waiting[] = [];
  #parcels: Parcel[] = [];
  #inserting: Promise<void> | undefined;
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
    if (this.#letters.length === 0) queueMicrotask(() => this.#pack());
    this.#letters.push({ ...letter, bytes, done });
    return done.promise;
  }

  /** Nothing is offered again any more. Resolves when nothing is under way. Never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#inserting;
  }

  #pack(): void {
    while (this.#letters.length > 0) {
      const letters = this.#letters.splice(
        0,
        countWithin(this.#letters, ({ bytes }) => bytes, BUNDLE_BYTES),
      );
      const packed = this.#parts.pack(letters);
      this.#parcels.push({ ...packed, letters, sinceMs: this.#parts.clock.now() });
    }
    this.#inserting ??= this.#insertAll();
  }

  async #insertAll(): Promise<void> {
    while (this.#parcels.length > 0) {
      const count = countWithin(this.#parcels, ({ body }) => body.length, INSERT_BYTES);
      await this.#insert(this.#parcels.splice(0, Math.min(count, MAX_BUNDLES)));
    }
    this.#inserting = undefined;
  }

  async #insert(parcels: readonly Parcel[]): Promise<void> {
    let failure: unknown;
    do {
      try {
        await this.#parts.insert(parcels);
        this.#settle(parcels, ({ done }) => done.resolve());
        return;
      } catch (thrown) {
        failure = thrown;
      }
    } while (await this.#mayRetry(parcels));
    const error =
      failure instanceof GatewardError ? failure : new GatewardError('STORE_UNAVAILABLE', { cause: failure });
    this.#settle(parcels, ({ done }) => done.reject(error));
  }

  async #mayRetry([oldest]: readonly Parcel[]): Promise<boolean> {
    const { clock, isAlive } = this.#parts;
    const since = oldest?.sinceMs ?? 0;
    const over = (): boolean => this.#closed || !isAlive() || clock.now() - since > GIVE_UP_MS;
    if (over()) return false;
    await pause(clock, RETRY_MS);
    return !over();
  }

  #settle(parcels: readonly Parcel[], settle: (letter: Waiting) => void): void {
    for (const letter of parcels.flatMap(({ letters }) => letters)) {
      this.bytes -= letter.bytes;
      settle(letter);
    }
  }
}

/** How many of these fit together; at least one. */
function countWithin<T>(things: readonly T[], bytesOf: (thing: T) => number, max: number): number {
  let bytes = 0;
  let count = 0;
  for (const thing of things) {
    bytes += bytesOf(thing);
    if (count > 0 && bytes > max) break;
    count++;
  }
  return count;
}
