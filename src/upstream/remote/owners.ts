import type { Outcome } from '../../call.ts';
import { type ErrorCode, GatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Ownership } from '../../store/store.ts';
import type { RemoteCall, Replicas } from './replicas.ts';

/** What owning works with. */
export interface OwnersParts {
  readonly replicas: Replicas;
  readonly clock: Clock;
  readonly log: Log;
}

/** Something that this replica owns and uses. */
export interface Held {
  /** What the owner before left, the first time it is asked for. */
  takeNote(): Buffer | undefined;
  /** Leaves a note for the next owner. Never rejects. */
  leaveNote(note: Buffer): Promise<void>;
  /** Runs once if it becomes another replica's. */
  onLost(run: () => void): void;
  /** It is used no more; `keep` leaves it and its note to whoever wants it once this replica is gone. */
  release(keep?: 'keep'): void;
}

interface Owned {
  ownership: Ownership;
  /** False after others may have taken it over. */
  sure: boolean;
  uses: number;
  note: Buffer | undefined;
  readonly onLost: Set<() => void>;
}

/** Things of others whose owner is remembered, and own ones that nobody uses. */
const MAX_REMEMBERED = 50_000;
/** Milliseconds that a replica which takes no calls any more has to be gone. */
const STOPPING_MS = 4_000;

/**
 * Who owns what there is one of in the fleet: upstream sessions of clients' sessions, and processes. The first replica
 * that needs one owns it, as long as it lives; calls elsewhere are handed to it.
 */
export class Owners {
  readonly #parts: OwnersParts;
  readonly #own = new Map<string, Owned>();
  readonly #others = new Map<string, string>();
  readonly #claims = new Map<string, Promise<string>>();
  /** Things that are being given up: until that is done a claim would find the ownership that ends. */
  readonly #leaving = new Map<string, Promise<void>>();
  readonly #endings: readonly (() => void)[];

  constructor(parts: OwnersParts) {
    this.#parts = parts;
    const { replicas } = parts;
    this.#endings = [
      replicas.onDeath((replica) => this.#forget(replica)),
      replicas.onFenced(() => this.#doubtAll()),
    ];
  }

  /**
   * Hands a call to the owner of a thing; undefined if that is this replica, from now on at the latest. `mayRepeat` says
   * that the call may be made again where its owner dies. Throws as `Replicas.callAt` does, or STORE_UNAVAILABLE.
   */
  async callElsewhere(thing: string, remote: RemoteCall, mayRepeat: boolean): Promise<Outcome | undefined> {
    const { replicas } = this.#parts;
    let asked: string | undefined;
    let failure: unknown;
    for (;;) {
      const owner = await this.#ownerOf(thing);
      if (owner === replicas.self) return undefined;
      if (owner === asked) throw failure;
      if (remote.call.forwarded === true) throw notHere();
      try {
        return await replicas.callAt(owner, { ...remote, once: !mayRepeat });
      } catch (thrown) {
        if (remote.call.signal.aborted || !this.#mayAskAgain(thrown, owner, mayRepeat)) throw thrown;
        if (codeOf(thrown) === 'STOPPING') await this.#untilDead(owner);
        asked = owner;
        failure = thrown;
        this.#others.delete(thing);
      }
    }
  }

  #mayAskAgain(thrown: unknown, owner: string, mayRepeat: boolean): boolean {
    const code = codeOf(thrown);
    if (code === 'UPSTREAM_UNAVAILABLE' || code === 'STOPPING') return true;
    return mayRepeat && code === 'UPSTREAM_LOST' && !this.#parts.replicas.isAlive(owner);
  }

  /** Who stops is soon gone; what it owned can be had then. */
  async #untilDead(replica: string): Promise<void> {
    const { replicas, clock } = this.#parts;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = replicas.onDeath((dead) => dead === replica && resolve());
    const callOff = clock.after(STOPPING_MS, resolve);
    if (!replicas.isAlive(replica)) resolve();
    await promise;
    stop();
    callOff();
  }

  /** Takes a thing into use. Throws UPSTREAM_UNAVAILABLE if it is another replica's, or STORE_UNAVAILABLE. */
  async hold(thing: string): Promise<Held> {
    if ((await this.#ownerOf(thing)) !== this.#parts.replicas.self) throw notHere();
    const owned = this.#own.get(thing);
    if (owned === undefined) throw notHere();
    owned.uses++;
    return this.#heldOf(thing, owned);
  }

  close(): void {
    for (const end of this.#endings) end();
  }

  #heldOf(thing: string, owned: Owned): Held {
    const { replicas, log } = this.#parts;
    const lost = new Set<() => void>();
    const tell = (): void => {
      for (const run of lost) run();
    };
    owned.onLost.add(tell);
    let released = false;
    return {
      takeNote: () => {
        const { note } = owned;
        owned.note = undefined;
        return note;
      },
      async leaveNote(note) {
        try {
          await replicas.owners.note(thing, owned.ownership, note);
        } catch (thrown) {
          log.debug('a note for the next owner was not written', { thrown });
        }
      },
      onLost: (run) => lost.add(run),
      release: (keep) => {
        if (released) return;
        released = true;
        owned.onLost.delete(tell);
        if (--owned.uses === 0 && this.#own.get(thing) === owned) this.#giveUp(thing, owned, keep);
      },
    };
  }

  #giveUp(thing: string, { ownership }: Owned, keep: 'keep' | undefined): void {
    this.#own.delete(thing);
    if (keep !== undefined) return;
    const leaving = this.#parts.replicas.owners
      .release(thing, ownership)
      .catch((thrown: unknown) => {
        this.#parts.log.debug('what was owned is not given up', { thrown });
      })
      .finally(() => {
        if (this.#leaving.get(thing) === leaving) this.#leaving.delete(thing);
      });
    this.#leaving.set(thing, leaving);
  }

  async #ownerOf(thing: string): Promise<string> {
    const { replicas } = this.#parts;
    if (this.#own.get(thing)?.sure === true) return replicas.self;
    const other = this.#others.get(thing);
    if (other !== undefined && replicas.isAlive(other)) return other;
    const claiming = this.#claims.get(thing) ?? this.#claim(thing);
    this.#claims.set(thing, claiming);
    try {
      return await claiming;
    } finally {
      if (this.#claims.get(thing) === claiming) this.#claims.delete(thing);
    }
  }

  async #claim(thing: string): Promise<string> {
    const { replicas } = this.#parts;
    await this.#leaving.get(thing);
    const ownership = await replicas.owners.claim(thing, replicas.self);
    if (ownership.holder === replicas.self) this.#noteOwn(thing, ownership);
    else this.#noteOther(thing, ownership.holder);
    return ownership.holder;
  }

  #noteOwn(thing: string, ownership: Ownership): void {
    this.#others.delete(thing);
    const known = this.#own.get(thing);
    if (known === undefined) {
      this.#dropUnused();
      const { note } = ownership;
      this.#own.set(thing, { ownership, sure: true, uses: 0, note, onLost: new Set() });
    } else {
      known.ownership = ownership;
      known.sure = true;
    }
  }

  #noteOther(thing: string, holder: string): void {
    const lost = this.#own.get(thing);
    this.#own.delete(thing);
    for (const run of [...(lost?.onLost ?? [])]) run();
    const [oldest] = this.#others.size >= MAX_REMEMBERED ? this.#others.keys() : [];
    if (oldest !== undefined) this.#others.delete(oldest);
    this.#others.set(thing, holder);
  }

  /** Calls may end before they use what was claimed for them. */
  #dropUnused(): void {
    if (this.#own.size < MAX_REMEMBERED) return;
    for (const [thing, owned] of this.#own) if (owned.uses === 0) this.#giveUp(thing, owned, undefined);
  }

  #forget(replica: string): void {
    for (const [thing, holder] of this.#others) if (holder === replica) this.#others.delete(thing);
  }

  /** Others may have taken over what this replica owns. */
  #doubtAll(): void {
    for (const [thing, owned] of this.#own) {
      owned.sure = false;
      this.#ownerOf(thing).catch((thrown: unknown) => {
        this.#parts.log.debug('it is not known who owns something', { thrown });
      });
    }
  }
}

function notHere(): GatewardError {
  return new GatewardError('UPSTREAM_UNAVAILABLE', { cause: 'another replica owns it' });
}

function codeOf(thrown: unknown): ErrorCode | undefined {
  return thrown instanceof GatewardError ? thrown.code : undefined;
}
