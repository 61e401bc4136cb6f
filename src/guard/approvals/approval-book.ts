import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { ApprovalState, ApprovalTable, Seen } from '../../store/approval-table.ts';
import type { Feed } from '../../store/fleet.ts';
import { fitSeen } from './fit-seen.ts';
import { MarkMap, type UpstreamMarks } from './upstream-marks.ts';

/** What the book is made of. */
export interface ApprovalBookParts {
  readonly table: Pick<ApprovalTable, 'marks' | 'see'>;
  readonly feed: Pick<Feed, 'onApproval' | 'onReset' | 'announce'>;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Log;
}

/** What is kept of one upstream. */
interface Entry {
  marks: MarkMap | undefined;
  /** Counts what may have made the marks old. */
  news: number;
  /** `news` when the marks were read. */
  readAt: number;
  loading: Promise<void> | undefined;
  callOff: () => void;
}

/** Things of one upstream that wait, whoever notes them; the oldest are forgotten. */
export const MAX_PENDING = 10_000;
/** Upstreams, as configurations name them. */
const MAX_UPSTREAMS = 10_000;
const RETRY_MS = 1_000;
/** Reads in a row of an upstream that changes all the time. */
const MAX_READS = 3;

/**
 * What of each upstream is approved, as this replica knows it: asked on the path of calls, so it answers from memory.
 * Loaded once, read again when the feed tells of a change, and kept while the store is away. Holds no texts.
 */
export class ApprovalBook {
  readonly #parts: ApprovalBookParts;
  readonly #entries = new Map<string, Entry>();
  readonly #onChange = new Set<(upstream: string) => void>();
  readonly #endings: readonly (() => void)[];
  #closed = false;

  constructor(parts: ApprovalBookParts) {
    this.#parts = parts;
    const { feed } = parts;
    this.#endings = [
      feed.onApproval((upstream) => this.#renew(upstream)),
      feed.onReset(() => {
        for (const upstream of [...this.#entries.keys()]) this.#renew(upstream);
      }),
    ];
  }

  /** What is known without asking; undefined before the first `load`. */
  known(upstream: string): UpstreamMarks | undefined {
    return this.#entries.get(upstream)?.marks;
  }

  /**
   * What is known, read from the store where that is missing or old. While the store is away, what was known before.
   * Throws STORE_UNAVAILABLE where nothing was.
   */
  async load(upstream: string): Promise<UpstreamMarks> {
    const entry = this.#entryOf(upstream);
    if (entry.marks !== undefined && entry.readAt === entry.news) return entry.marks;
    try {
      await this.#read(upstream, entry);
    } catch (thrown) {
      if (entry.marks === undefined) throw thrown;
    }
    return entry.marks ?? new MarkMap([]);
  }

  /**
   * Notes what was seen. Gives the state of each, in order. The store is not asked for what is decided already.
   * Throws STORE_UNAVAILABLE.
   */
  async see(seen: readonly Seen[]): Promise<readonly ApprovalState[]> {
    const decided = seen.map((one) => this.#decisionOn(one));
    const open = seen.filter((_, n) => decided[n] === undefined);
    if (open.length === 0) return decided.map((state) => state ?? 'pending');
    const before = new Map(open.map(({ upstream }) => [upstream, this.#entryOf(upstream).news]));
    const states = await this.#parts.table.see(open.map(fitSeen), MAX_PENDING);
    for (const [n, one] of open.entries()) this.#note(one, states[n] ?? 'pending', before);
    const approved = open.filter((one, n) => one.state === 'approved' && states[n] === 'approved');
    for (const upstream of new Set(approved.map((one) => one.upstream)))
      this.#parts.feed.announce('approval', upstream);
    let next = 0;
    return decided.map((state) => state ?? states[next++] ?? 'pending');
  }

  /** Runs with the name of an upstream once what changed of it is known. The function that comes back ends that. */
  onChange(run: (upstream: string) => void): () => void {
    this.#onChange.add(run);
    return () => this.#onChange.delete(run);
  }

  close(): void {
    this.#closed = true;
    for (const end of this.#endings) end();
    for (const { callOff } of this.#entries.values()) callOff();
    this.#entries.clear();
    this.#onChange.clear();
  }

  #entryOf(upstream: string): Entry {
    const known = this.#entries.get(upstream);
    if (known !== undefined) return known;
    const entry: Entry = {
      marks: undefined,
      news: 0,
      readAt: -1,
      loading: undefined,
      callOff: () => undefined,
    };
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined && this.#entries.size >= MAX_UPSTREAMS) this.#drop(oldest);
    if (!this.#closed) this.#entries.set(upstream, entry);
    return entry;
  }

  #drop(upstream: string): void {
    this.#entries.get(upstream)?.callOff();
    this.#entries.delete(upstream);
  }

  /** Something changed: what is known stays in force until it is read again. */
  #renew(upstream: string): void {
    const entry = this.#entries.get(upstream);
    if (entry === undefined) this.#tell(upstream);
    else {
      entry.news += 1;
      this.#readSoon(upstream, entry);
    }
  }

  #readSoon(upstream: string, entry: Entry): void {
    entry.callOff();
    this.#read(upstream, entry).then(
      () => this.#tell(upstream),
      (thrown: unknown) => {
        this.#parts.log.debug('the approvals of an upstream cannot be read', { upstream, thrown });
        this.#readLater(upstream, entry);
      },
    );
  }

  #readLater(upstream: string, entry: Entry): void {
    if (this.#entries.get(upstream) !== entry) return;
    entry.callOff();
    entry.callOff = this.#parts.clock.after(RETRY_MS, () => this.#readSoon(upstream, entry));
  }

  /** Reads until nothing changed meanwhile; those who want the same upstream wait for one reading. */
  #read(upstream: string, entry: Entry): Promise<void> {
    entry.loading ??= this.#readUntilStill(upstream, entry).finally(() => {
      entry.loading = undefined;
    });
    return entry.loading;
  }

  async #readUntilStill(upstream: string, entry: Entry): Promise<void> {
    for (let reads = 0; reads < MAX_READS; reads += 1) {
      const { news } = entry;
      const marks = await this.#parts.table.marks(upstream);
      entry.marks = new MarkMap(marks);
      entry.readAt = news;
      if (entry.news === news) return;
    }
    this.#readLater(upstream, entry);
  }

  #tell(upstream: string): void {
    if (!this.#closed) for (const run of [...this.#onChange]) run(upstream);
  }

  #decisionOn({ upstream, kind, name, digest }: Seen): ApprovalState | undefined {
    const state = this.known(upstream)?.stateOf(kind, name, digest);
    // What waits may have been forgotten by the store, and then it has to be noted again.
    return state === 'pending' ? undefined : state;
  }

  /** Keeps what the store said, unless something newer may be known by now. */
  #note(
    { upstream, kind, name, digest }: Seen,
    state: ApprovalState,
    before: ReadonlyMap<string, number>,
  ): void {
    const entry = this.#entries.get(upstream);
    if (entry?.marks === undefined || entry.news !== before.get(upstream)) return;
    entry.marks.set({ kind, name, digest, state });
    // A reading under way may miss it.
    if (entry.loading !== undefined) entry.news += 1;
    // The store forgets the oldest of what waits; so does memory, by reading it again.
    if (entry.marks.pending > 2 * MAX_PENDING) this.#renew(upstream);
  }
}
