import type { Bus } from '../store.ts';

/** One thing that is published. */
export type Wakeup = readonly [topic: string, text: string];

/** Bytes of UTF-8 that a topic and a text may have. */
const MAX_TOPIC_BYTES = 200;
const MAX_TEXT_BYTES = 4_000;

/** Who listens for what within this process. */
export class Topics {
  readonly #runs = new Map<string, Set<(text: string) => void>>();

  /** As `Bus` says. `onFirst` and `onLast` tell when a topic begins and ends to have listeners. */
  subscribe(
    topic: string,
    run: (text: string) => void,
    { onFirst, onLast }: { readonly onFirst?: () => void; readonly onLast?: () => void } = {},
  ): ReturnType<Bus['subscribe']> {
    const runs = this.#runs.get(topic) ?? new Set();
    this.#runs.set(topic, runs);
    // One function may listen twice.
    const own = (text: string): void => run(text);
    runs.add(own);
    if (runs.size === 1) onFirst?.();
    return () => {
      if (!runs.delete(own) || runs.size > 0 || this.#runs.get(topic) !== runs) return;
      this.#runs.delete(topic);
      onLast?.();
    };
  }

  /** Topics that have listeners. */
  names(): readonly string[] {
    return [...this.#runs.keys()];
  }

  /** What came from elsewhere. */
  deliver([topic, text]: Wakeup): void {
    for (const run of [...(this.#runs.get(topic) ?? [])]) run(text);
  }

  /** What this process itself published: who publishes goes on first, as with what leaves the process. */
  deliverSoon(wakeup: Wakeup): void {
    if (this.#runs.has(wakeup[0])) setImmediate(() => this.deliver(wakeup));
  }

  clear(): void {
    this.#runs.clear();
  }
}

/** Whether a bus may carry it. */
export function isCarried([topic, text]: Wakeup): boolean {
  return Buffer.byteLength(topic) <= MAX_TOPIC_BYTES && Buffer.byteLength(text) <= MAX_TEXT_BYTES;
}

/** Reads what came from another process; undefined if it is no list of wake-ups. */
export function readWakeups(value: unknown): readonly Wakeup[] | undefined {
  return Array.isArray(value) && value.every(isWakeup) ? value : undefined;
}

function isWakeup(value: unknown): value is Wakeup {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');
}
