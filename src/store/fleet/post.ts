import { GatewardError } from '../../errors.ts';
import type { Post } from '../fleet.ts';
import { type PostLetter, writeBundle } from './letters.ts';
import { Mailbox } from './mailbox.ts';
import { Outbox, type Packed } from './outbox.ts';
import { LETTER_USE, MAIL_TOPIC, type PostParts } from './post-parts.ts';

/** A post that works until it is closed. */
export interface OpenPost extends Post {
  /** Nothing is sent or collected any more. Resolves once the store is left alone. Never rejects. */
  close(): Promise<void>;
}

/** What the bus carries; see Bus.publish. */
const MAX_TEXT = 4_000;
/** Milliseconds that a letter waits for its reader. */
const TTL_MS = 120_000;
const MAX_BYTES_TO_ONE = 16 * 1024 * 1024;
const MAX_BYTES = 64 * 1024 * 1024;
/** Replicas whose numbers are remembered. */
const MAX_NUMBERS = 10_000;

/**
 * Opens the post of this replica. Every letter goes through its reader's mailbox in the store, and small ones ride on
 * the wake-up besides, which is quicker: whichever arrives first is read.
 */
export function openPost(parts: PostParts): OpenPost {
  return new StorePost(parts);
}

class StorePost implements OpenPost {
  readonly #parts: PostParts;
  readonly #mailbox: Mailbox;
  readonly #outboxes = new Map<string, Outbox>();
  /** Number of the newest bundle to each replica; they outlast outboxes, since a reader remembers them. */
  readonly #numbers = new Map<string, number>();
  readonly #takers = new Map<string, (body: Buffer, from: string) => void>();
  readonly #offDeath: () => void;
  #closed = false;

  constructor(parts: PostParts) {
    this.#parts = parts;
    this.#mailbox = new Mailbox({ ...parts, take: (letter, from) => this.#take(letter, from) });
    this.#offDeath = parts.membership.onDeath((replica) => {
      // One that still sends keeps its order, should the replica live after all.
      if (this.#outboxes.get(replica)?.bytes === 0) this.#outboxes.delete(replica);
    });
  }

  send(to: string, subject: string, body: Buffer): Promise<void> {
    if (this.#closed) return Promise.reject(new GatewardError('STORE_UNAVAILABLE'));
    const outbox = this.#outboxes.get(to) ?? this.#openOutbox(to);
    const isFull = outbox.bytes + body.length > MAX_BYTES_TO_ONE || this.#bytes() + body.length > MAX_BYTES;
    // A letter larger than the bound leaves alone.
    if (isFull && outbox.bytes > 0) {
      const detail = 'Too much waits to be sent to another replica.';
      return Promise.reject(new GatewardError('STORE_UNAVAILABLE', { detail, retryAfterSeconds: 1 }));
    }
    return outbox.add({ subject, body });
  }

  receive(subject: string, run: (body: Buffer, from: string) => void): () => void {
    if (this.#takers.has(subject)) throw new TypeError(`Letters of "${subject}" have a taker already.`);
    this.#takers.set(subject, run);
    return () => {
      if (this.#takers.get(subject) === run) this.#takers.delete(subject);
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#offDeath();
    await Promise.all([this.#mailbox.close(), ...[...this.#outboxes.values()].map((one) => one.close())]);
  }

  #bytes(): number {
    let bytes = 0;
    for (const outbox of this.#outboxes.values()) bytes += outbox.bytes;
    return bytes;
  }

  #openOutbox(to: string): Outbox {
    const { membership, clock } = this.#parts;
    const outbox = new Outbox({
      pack: (letters) => this.#pack(to, letters),
      insert: (bundles) => this.#insert(to, bundles),
      isAlive: () => membership.isAlive(to),
      clock,
    });
    this.#outboxes.set(to, outbox);
    return outbox;
  }

  #pack(to: string, letters: readonly PostLetter[]): Packed {
    const { bus, membership, seal } = this.#parts;
    const plain = writeBundle({ from: membership.id, number: this.#nextNumber(to), letters });
    const sealed = seal.seal(plain, LETTER_USE);
    const text = `${to} ${sealed}`;
    const isPublished = text.length <= MAX_TEXT;
    if (isPublished) bus.publish(MAIL_TOPIC, text);
    return { body: Buffer.from(sealed, 'latin1'), isPublished };
  }

  #nextNumber(to: string): number {
    const number = (this.#numbers.get(to) ?? 0) + 1;
    const [oldest] = this.#numbers.size >= MAX_NUMBERS ? this.#numbers.keys() : [];
    if (oldest !== undefined && oldest !== to) this.#numbers.delete(oldest);
    this.#numbers.set(to, number);
    return number;
  }

  async #insert(to: string, bundles: readonly Packed[]): Promise<void> {
    const { mail, bus } = this.#parts;
    const rows = bundles.map(({ body }) => ({ to, body }));
    await mail.send(rows, TTL_MS);
    if (bundles.some(({ isPublished }) => !isPublished)) bus.publish(MAIL_TOPIC, to);
  }

  #take({ subject, body }: PostLetter, from: string): void {
    try {
      this.#takers.get(subject)?.(body, from);
    } catch (thrown) {
      this.#parts.log.error('a letter of another replica failed', { subject, thrown });
    }
  }
}
