import { GatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Seal } from '../../lib/seal.ts';
import type { Membership, Post } from '../fleet.ts';
import type { Bus, Letter, MailTable } from '../store.ts';
import { type Bundle, type PostLetter, readBundle, writeBundle } from './letters.ts';
import { Outbox } from './outbox.ts';

/** What the post is made of. */
export interface PostParts {
  readonly mail: MailTable;
  readonly bus: Bus;
  readonly membership: Membership;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly log: Log;
}

/** A post that works until it is closed. */
export interface OpenPost extends Post {
  /** Nothing is sent or collected any more. Resolves once the store is left alone. Never rejects. */
  close(): Promise<void>;
}

const TOPIC = 'mail';
const USE = 'letter';
/** Milliseconds between two looks into the mailbox when no wake-up comes. */
const COLLECT_EVERY_MS = 1_000;
/** Milliseconds that a letter waits for its reader. */
const TTL_MS = 120_000;
/** What the store gives at a time. */
const FULL = 500;
const MAX_BYTES_TO_ONE = 16 * 1024 * 1024;
const MAX_BYTES = 64 * 1024 * 1024;

/** Opens the post of this replica. */
export function openPost(parts: PostParts): OpenPost {
  return new StorePost(parts);
}

class StorePost implements OpenPost {
  readonly #parts: PostParts;
  readonly #outboxes = new Map<string, Outbox>();
  readonly #takers = new Map<string, (body: Buffer, from: string) => void>();
  /** Number of the newest bundle of each sender. */
  readonly #newest = new Map<string, number>();
  /** Letters that were handed out and are still in the mailbox. */
  #done: readonly string[] = [];
  readonly #endings: readonly (() => void)[];
  #collecting: Promise<void> | undefined;
  #wanted = false;
  #lastNumber = 0;
  #callOff: () => void = () => undefined;
  #closed = false;

  constructor(parts: PostParts) {
    this.#parts = parts;
    const { bus, membership } = parts;
    this.#endings = [
      bus.subscribe(TOPIC, (replica) => {
        if (replica === membership.id) this.#collectSoon();
      }),
      membership.onDeath((replica) => {
        this.#outboxes.delete(replica);
        this.#newest.delete(replica);
      }),
    ];
    this.#collectSoon();
  }

  send(to: string, subject: string, body: Buffer): Promise<void> {
    if (this.#closed) return Promise.reject(new GatewardError('STORE_UNAVAILABLE'));
    const outbox = this.#outboxes.get(to) ?? this.#openOutbox(to);
    if (outbox.bytes + body.length > MAX_BYTES_TO_ONE || this.#bytes() + body.length > MAX_BYTES) {
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
    this.#callOff();
    for (const end of this.#endings) end();
    await Promise.all([...this.#outboxes.values()].map((outbox) => outbox.close()));
    await this.#collecting;
  }

  #bytes(): number {
    let bytes = 0;
    for (const outbox of this.#outboxes.values()) bytes += outbox.bytes;
    return bytes;
  }

  #openOutbox(to: string): Outbox {
    const { membership, clock } = this.#parts;
    const outbox = new Outbox({
      insert: (letters, number) => this.#insert(to, letters, number),
      nextNumber: () => ++this.#lastNumber,
      isAlive: () => membership.isAlive(to),
      clock,
    });
    this.#outboxes.set(to, outbox);
    return outbox;
  }

  async #insert(to: string, letters: readonly PostLetter[], number: number): Promise<void> {
    const { mail, bus, membership, seal } = this.#parts;
    const plain = writeBundle({ from: membership.id, number, letters });
    await mail.send([{ to, body: Buffer.from(seal.seal(plain, USE), 'latin1') }], TTL_MS);
    bus.publish(TOPIC, to);
  }

  #collectSoon(): void {
    if (this.#closed) return;
    this.#wanted = true;
    this.#collecting ??= this.#collectAll().finally(() => {
      this.#collecting = undefined;
      // A wake-up may have come after the last look.
      if (this.#wanted) this.#collectSoon();
      else if (!this.#closed) this.#schedule();
    });
  }

  #schedule(): void {
    this.#callOff();
    this.#callOff = this.#parts.clock.after(COLLECT_EVERY_MS, () => this.#collectSoon());
  }

  async #collectAll(): Promise<void> {
    while (this.#wanted && !this.#closed) {
      this.#wanted = false;
      try {
        if ((await this.#collect()) >= FULL) this.#wanted = true;
      } catch (thrown) {
        this.#parts.log.debug('the mailbox cannot be read', { thrown });
      }
    }
    if (this.#closed) this.#wanted = false;
  }

  async #collect(): Promise<number> {
    const { mail, membership } = this.#parts;
    const done = this.#done;
    const letters = await mail.collect(membership.id, done);
    const known = new Set(done);
    this.#done = letters.map(({ id }) => id);
    for (const letter of letters) if (!known.has(letter.id)) this.#open(letter);
    return letters.length;
  }

  #open({ body }: Letter): void {
    const plain = this.#parts.seal.open(body.toString('latin1'), USE);
    const bundle = plain === undefined ? undefined : readBundle(plain);
    if (bundle === undefined) this.#parts.log.warn('a letter of another replica cannot be read');
    else this.#handOut(bundle);
  }

  #handOut({ from, number, letters }: Bundle): void {
    if (number <= (this.#newest.get(from) ?? 0)) return;
    this.#newest.set(from, number);
    for (const { subject, body } of letters) {
      try {
        this.#takers.get(subject)?.(body, from);
      } catch (thrown) {
        this.#parts.log.error('a letter of another replica failed', { subject, thrown });
      }
    }
  }
}
