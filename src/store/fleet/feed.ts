import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Feed } from '../fleet.ts';
import type { Bus, ChangeFeed } from '../store.ts';

/** What the feed is made of. */
export interface FeedParts {
  readonly changes: ChangeFeed;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

/** A feed that looks until it is closed. */
export interface OpenFeed extends Feed {
  /** Resolves once the store is left alone. Never rejects. */
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 500;
/** Milliseconds since the last good look after which what is cached may be old. */
const FRESH_MS = 1_000;
const TOPICS = { session: 'session', key: 'key', approval: 'approval' } as const;

/**
 * Opens the feed, from now on.
 *
 * @throws GatewardError STORE_UNAVAILABLE
 */
export async function openFeed(parts: FeedParts): Promise<OpenFeed> {
  const feed = new StoreFeed(parts);
  await feed.start();
  return feed;
}

class StoreFeed implements OpenFeed {
  readonly #parts: FeedParts;
  readonly #onSession = new Set<(key: string) => void>();
  readonly #onKey = new Set<(id: string) => void>();
  readonly #onApproval = new Set<(upstream: string) => void>();
  readonly #onReset = new Set<() => void>();
  #endings: readonly (() => void)[] = [];
  #cursor: string | undefined;
  #goodMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  #callOff: () => void = () => undefined;
  #closed = false;

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    const { bus } = this.#parts;
    await this.#look();
    this.#endings = [
      bus.subscribe(TOPICS.session, (key) => tell(this.#onSession, key)),
      bus.subscribe(TOPICS.key, (id) => tell(this.#onKey, id)),
      bus.subscribe(TOPICS.approval, (upstream) => tell(this.#onApproval, upstream)),
    ];
    this.#schedule();
  }

  isFresh(): boolean {
    const ageMs = this.#parts.clock.now() - this.#goodMs;
    return ageMs >= 0 && ageMs < FRESH_MS;
  }

  onSession(run: (key: string) => void): () => void {
    this.#onSession.add(run);
    return () => this.#onSession.delete(run);
  }

  onKey(run: (id: string) => void): () => void {
    this.#onKey.add(run);
    return () => this.#onKey.delete(run);
  }

  onApproval(run: (upstream: string) => void): () => void {
    this.#onApproval.add(run);
    return () => this.#onApproval.delete(run);
  }

  onReset(run: () => void): () => void {
    this.#onReset.add(run);
    return () => this.#onReset.delete(run);
  }

  announce(kind: keyof typeof TOPICS, name: string): void {
    this.#parts.bus.publish(TOPICS[kind], name);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#callOff();
    for (const end of this.#endings) end();
    await this.#looking;
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#callOff = this.#parts.clock.after(LOOK_EVERY_MS, () => {
      this.#looking = this.#tryLook().finally(() => this.#schedule());
    });
  }

  async #tryLook(): Promise<void> {
    try {
      await this.#look();
    } catch (thrown) {
      this.#parts.log.debug('the changes cannot be read', { thrown });
    }
  }

  async #look(): Promise<void> {
    const { changes, clock } = this.#parts;
    // What changed after the question left may be missing in the answer, so its age counts from there.
    const askedMs = clock.now();
    const first = this.#cursor === undefined;
    const found = await changes.since(this.#cursor);
    // The new place comes before the reset: what changes between the two is told again, never left out.
    const place = found ?? (await changes.since(undefined));
    this.#cursor = place?.cursor;
    if (found === undefined) for (const run of [...this.#onReset]) run();
    if (found !== undefined && !first) {
      for (const key of found.sessions) tell(this.#onSession, key);
      for (const id of found.keys) tell(this.#onKey, id);
      for (const upstream of found.approvals) tell(this.#onApproval, upstream);
    }
    this.#goodMs = askedMs;
  }
}

function tell(listeners: ReadonlySet<(name: string) => void>, name: string): void {
  for (const run of [...listeners]) run(name);
}
