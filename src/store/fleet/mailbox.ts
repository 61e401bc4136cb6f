import type { Letter } from '../store.ts';
import { type Bundle, type PostLetter, readBundle } from './letters.ts';
import { LETTER_USE, MAIL_TOPIC, type PostParts } from './post-parts.ts';

/** What a mailbox is read with. */
export interface MailboxParts extends PostParts {
  /** Takes each letter, once. */
  readonly take: (letter: PostLetter, from: string) => void;
}

/** Milliseconds between two looks into the mailbox when no wake-up comes. */
const COLLECT_EVERY_MS = 1_000;
/** The same while a bundle is missing that another one showed. */
const HURRY_MS = 50;
/** Looks for a missing bundle; its sender may have given it up. */
const MAX_HURRIES = 10;
/** What the store gives at a time. */
const FULL = 500;
/** Letters that stay in the mailbox while wake-ups come: to delete them costs more than to see them again. */
const MAX_LEFT = 50;
const MAX_LEFT_BYTES = 128 * 1024;
/** Senders whose numbers are remembered: what a dead one sent may still be in the mailbox. */
const MAX_SENDERS = 10_000;

/** Reads what other replicas send to this one: in order and once for each sender. */
export class Mailbox {
  readonly #parts: MailboxParts;
  /** Number of the newest bundle of each sender; who wrote last stands last. */
  readonly #newest = new Map<string, number>();
  /** Letters that were handed out and are still in the mailbox, with their sizes. */
  #done: ReadonlyMap<string, number> = new Map();
  readonly #endWakes: () => void;
  #collecting: Promise<void> | undefined;
  #wanted: 'no' | 'look' | 'tidy' = 'no';
  #hurries = 0;
  #callOff: () => void = () => undefined;
  #closed = false;

  constructor(parts: MailboxParts) {
    this.#parts = parts;
    this.#endWakes = parts.bus.subscribe(MAIL_TOPIC, (text) => this.#wake(text));
    this.#collectSoon('tidy');
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#callOff();
    this.#endWakes();
    await this.#collecting;
  }

  #wake(text: string): void {
    const { id } = this.#parts.membership;
    if (!text.startsWith(id)) return;
    const bundle = text.length === id.length ? undefined : this.#unseal(text.slice(id.length + 1));
    if (bundle === undefined) {
      this.#collectSoon('look');
      return;
    }
    const { from, number } = bundle;
    const expected = (this.#newest.get(from) ?? 0) + 1;
    if (number === expected) this.#handOut(bundle);
    else if (number > expected) this.#hurry();
  }

  /** One that came before is missing: it is in the mailbox, or soon will be. */
  #hurry(): void {
    this.#hurries = MAX_HURRIES;
    this.#collectSoon('look');
  }

  #collectSoon(how: 'look' | 'tidy'): void {
    if (this.#closed) return;
    if (this.#wanted !== 'tidy') this.#wanted = how;
    this.#collecting ??= this.#collectAll().finally(() => {
      this.#collecting = undefined;
      // A wake-up may have come after the last look.
      if (this.#wanted !== 'no') this.#collectSoon(this.#wanted);
      else if (!this.#closed) this.#schedule();
    });
  }

  #schedule(): void {
    const isHurried = this.#hurries > 0;
    if (isHurried) this.#hurries--;
    this.#callOff();
    this.#callOff = this.#parts.clock.after(isHurried ? HURRY_MS : COLLECT_EVERY_MS, () =>
      this.#collectSoon(isHurried ? 'look' : 'tidy'),
    );
  }

  async #collectAll(): Promise<void> {
    while (this.#wanted !== 'no' && !this.#closed) {
      const tidies = this.#wanted === 'tidy' || this.#isCluttered();
      this.#wanted = 'no';
      try {
        if ((await this.#collect(tidies)) >= FULL) this.#wanted = 'tidy';
      } catch (thrown) {
        this.#parts.log.debug('the mailbox cannot be read', { thrown });
      }
    }
    if (this.#closed) this.#wanted = 'no';
  }

  #isCluttered(): boolean {
    let bytes = 0;
    for (const size of this.#done.values()) bytes += size;
    return this.#done.size > MAX_LEFT || bytes > MAX_LEFT_BYTES;
  }

  async #collect(tidies: boolean): Promise<number> {
    const { mail, membership } = this.#parts;
    const known = this.#done;
    const letters = await mail.collect(membership.id, tidies ? [...known.keys()] : []);
    this.#done = new Map(letters.map(({ id, body }) => [id, body.length]));
    for (const letter of letters) if (!known.has(letter.id)) this.#open(letter);
    return letters.length;
  }

  #open({ body }: Letter): void {
    const bundle = this.#unseal(body.toString('latin1'));
    if (bundle === undefined) this.#parts.log.warn('a letter of another replica cannot be read');
    else if (bundle.number > (this.#newest.get(bundle.from) ?? 0)) this.#handOut(bundle);
  }

  #unseal(text: string): Bundle | undefined {
    const plain = this.#parts.seal.open(text, LETTER_USE);
    return plain === undefined ? undefined : readBundle(plain);
  }

  #handOut({ from, number, letters }: Bundle): void {
    this.#newest.delete(from);
    this.#newest.set(from, number);
    const [oldest] = this.#newest.size > MAX_SENDERS ? this.#newest.keys() : [];
    if (oldest !== undefined) this.#newest.delete(oldest);
    for (const letter of letters) this.#parts.take(letter, from);
  }
}
