import { GatewardError } from '../../src/errors.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { Bus, ChangeFeed, Changes, Letter, MailTable, ReplicaTable } from '../../src/store/store.ts';

/** Tables of what replicas tell each other, in memory, that can be made to fail. */
export class MemoryTables {
  /** `reads` and writes fail before, or `answers` after they were done. */
  broken: 'no' | 'before' | 'after' = 'no';
  readonly mailboxes = new Map<string, Letter[]>();
  readonly leases = new Map<string, number>();
  /** Every insert of letters. */
  inserts = 0;
  readonly told: Changes[] = [];
  tooMuch = false;
  #lastLetter = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly replicas: ReplicaTable = {
    renew: (id, leaseMs) =>
      this.#do(() => {
        const now = this.#clock.now();
        const before = this.leases.get(id);
        this.leases.set(id, now + leaseMs);
        const live = [...this.leases].filter(([, until]) => until > now).map(([name]) => name);
        return { live, wasDead: before !== undefined && before <= now };
      }),
    leave: (id) =>
      this.#do(() => {
        this.leases.delete(id);
        this.mailboxes.delete(id);
      }),
  };

  readonly mail: MailTable = {
    send: (letters) =>
      this.#do(() => {
        this.inserts++;
        for (const { to, body } of letters) {
          const box = this.mailboxes.get(to) ?? [];
          box.push({ id: String(++this.#lastLetter), body });
          this.mailboxes.set(to, box);
        }
      }),
    collect: (to, done) =>
      this.#do(() => {
        const left = (this.mailboxes.get(to) ?? []).filter(({ id }) => !done.includes(id));
        this.mailboxes.set(to, left);
        return left.slice(0, 500);
      }),
  };

  readonly changes: ChangeFeed = {
    since: (cursor) =>
      this.#do(() => {
        const at = String(this.told.length);
        if (cursor === undefined) return { sessions: [], keys: [], approvals: [], cursor: at };
        if (this.tooMuch) return undefined;
        const news = this.told.slice(Number(cursor));
        const sessions = news.flatMap((one) => one.sessions);
        const keys = news.flatMap((one) => one.keys);
        return { sessions, keys, approvals: news.flatMap((one) => one.approvals), cursor: at };
      }),
  };

  async #do<T>(run: () => T): Promise<T> {
    await Promise.resolve();
    if (this.broken === 'before') throw new GatewardError('STORE_UNAVAILABLE');
    const result = run();
    if (this.broken === 'after') throw new GatewardError('STORE_UNAVAILABLE');
    return result;
  }
}

/** A bus within one process; wake-ups can be lost. */
export class MemoryBus implements Bus {
  deaf = false;
  readonly #subscribers = new Map<string, Set<(text: string) => void>>();

  publish(topic: string, text: string): void {
    if (this.deaf) return;
    for (const run of [...(this.#subscribers.get(topic) ?? [])]) run(text);
  }

  subscribe(topic: string, run: (text: string) => void): () => void {
    const runs = this.#subscribers.get(topic) ?? new Set();
    this.#subscribers.set(topic, runs);
    const own = (text: string): void => run(text);
    runs.add(own);
    return () => runs.delete(own);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
