import { isStoreGone, persist } from '../../session/persist.ts';
import type { LoggedTail } from '../../session/stream-log.ts';
import type { StreamKey, StreamRow } from '../../store/store.ts';
import { messageFields } from './event-id.ts';
import type { LegacyParts } from './legacy-parts.ts';
import type { SseConnection } from './sse-connection.ts';

/** Where a client stands that came back for a stream. */
export interface Following {
  readonly connection: SseConnection;
  readonly key: StreamKey;
  /** Number of the event up to which it has everything. */
  number: number;
}

/** What following works with. */
export type FollowParts = Pick<LegacyParts, 'streams' | 'held' | 'mail' | 'clock' | 'draining' | 'takeOver'>;

/** Milliseconds between looks for events whose wake-up was lost. */
const LOOK_MS = 250;
/** Milliseconds between looks at who holds the stream, and for which a store may be gone. */
const HOLDER_MS = 1_000;
const PATIENCE_MS = 5_000;

/**
 * Sends what a client missed on a stream, and what follows as long as its call goes on: from this replica if that holds
 * it, otherwise from the store. A stream whose holder is dead is taken over. Ends the connection. Never rejects.
 */
export async function followStream(following: Following, parts: FollowParts): Promise<void> {
  const { connection, key } = following;
  const follower = new Follower(following, parts);
  const callOff = parts.held.follow(key.stream, {
    onMore: () => follower.wake(),
    // It came back elsewhere: this connection is of no use any more.
    onMoved: () => connection.end(),
  });
  const onDrain = (): void => follower.wake();
  parts.draining.addEventListener('abort', onDrain);
  connection.onClose = () => follower.wake();
  try {
    const isAttached = await follower.run();
    if (!isAttached) connection.end();
  } catch {
    // The client comes back and asks again.
    connection.end();
  } finally {
    callOff();
    parts.draining.removeEventListener('abort', onDrain);
  }
}

class Follower {
  readonly #following: Following;
  readonly #parts: FollowParts;
  #isAwake = false;
  #wake: (() => void) | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  /** The replica that knows that the stream is followed. */
  #toldHolder: string | undefined;
  /** The replica that was asked to see to it. */
  #askedHolder: string | undefined;

  constructor(following: Following, parts: FollowParts) {
    this.#following = following;
    this.#parts = parts;
  }

  /** There may be something to do. */
  wake(): void {
    this.#isAwake = true;
    this.#wake?.();
  }

  /** True once the stream itself goes on with the connection. */
  async run(): Promise<boolean> {
    const { connection, key } = this.#following;
    const { held, draining } = this.#parts;
    for (;;) {
      const tail = await this.#read();
      if (tail === undefined) return false;
      for (const { number, data } of tail.events) {
        await connection.send(data, messageFields({ stream: key.stream, number }));
        this.#following.number = number;
      }
      if (!connection.open || tail.ended) return false;
      if (held.get(key.stream)?.stream.attach(connection, this.#following.number) === true) return true;
      if (draining.aborted) return false;
      if (tail.events.length === 0 && !(await this.#lookAtHolder())) await this.#pause();
    }
  }

  #read(): Promise<LoggedTail | undefined> {
    const { streams, clock } = this.#parts;
    const { key, number } = this.#following;
    return persist(() => streams.after(key, number), { clock, giveUpMs: PATIENCE_MS });
  }

  /** Tells the holder of a stream that it is followed; takes the place of one that is dead. True if that was done. */
  async #lookAtHolder(): Promise<boolean> {
    const { streams, held, mail, clock, takeOver } = this.#parts;
    const now = clock.now();
    if (now - this.#lookedAtMs < HOLDER_MS) return false;
    this.#lookedAtMs = now;
    try {
      const row = await streams.read(this.#following.key);
      if (row === undefined || row.ended) return false;
      if (held.hasGivenUp(row) || !mail.isAlive(row.holder)) return await takeOver.claim(row);
      if (row.holder !== this.#toldHolder) held.wake(row.holder, 'follow', row.key.stream);
      else await this.#askHolder(row);
      this.#toldHolder = row.holder;
    } catch (thrown) {
      if (!isStoreGone(thrown)) throw thrown;
    }
    return false;
  }

  /** A holder that says nothing may have given the stream up; unlike the wake-up, a letter arrives. */
  async #askHolder({ holder, key: { session, stream } }: StreamRow): Promise<void> {
    const { mail } = this.#parts;
    if (holder === mail.self || holder === this.#askedHolder) return;
    await mail.send(holder, session, { kind: 'stream', stream });
    this.#askedHolder = holder;
  }

  async #pause(): Promise<void> {
    if (!this.#isAwake) {
      await new Promise<void>((resolve) => {
        const callOff = this.#parts.clock.after(LOOK_MS, resolve);
        this.#wake = () => {
          callOff();
          resolve();
        };
      });
    }
    this.#isAwake = false;
    this.#wake = undefined;
  }
}
