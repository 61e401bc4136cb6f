import type { Clock } from '../lib/clock.ts';
import type { Feed } from '../store/fleet.ts';
import { isInForce } from './key-in-force.ts';
import type { KeyRows } from './key-rows.ts';

/** What watching works with. */
export interface KeyWatchParts {
  readonly rows: Pick<KeyRows, 'peek' | 'read'>;
  readonly feed: Pick<Feed, 'onKey'>;
  readonly clock: Clock;
}

/** Tells when keys end, for what was opened with them and goes on. */
export interface KeyWatch {
  /** Runs once when the key is revoked or expires; the function that comes back calls it off. */
  add(id: string, onEnd: () => void): () => void;
  close(): void;
}

/** Milliseconds between looks at keys in use, for those that expire. */
const LOOK_MS = 1_000;

/** Watches keys as long as somebody wants to know of them. */
export function createKeyWatch({ rows, feed, clock }: KeyWatchParts): KeyWatch {
  const watchers = new Map<string, Set<() => void>>();
  let callOff: (() => void) | undefined;

  const end = (id: string): void => {
    const ended = watchers.get(id);
    watchers.delete(id);
    for (const onEnd of ended ?? []) onEnd();
  };
  /** A key that cannot be read now is looked at again. */
  const look = async (id: string): Promise<void> => {
    try {
      const row = rows.peek(id) ?? (await rows.read(id));
      if (row === undefined || !isInForce(row, clock.now())) end(id);
    } catch {
      // Nothing is known of it: the store is asked again at the next look.
    }
  };
  const schedule = (): void => {
    if (callOff !== undefined || watchers.size === 0) return;
    callOff = clock.after(LOOK_MS, () => {
      void lookAtAll();
    });
  };
  const lookAtAll = async (): Promise<void> => {
    // One after another, so that many keys ask no more of the store than one does.
    for (const id of [...watchers.keys()]) await look(id);
    callOff = undefined;
    schedule();
  };
  const stop = feed.onKey(end);
  return {
    add(id, onEnd) {
      const own = (): void => onEnd();
      const others = watchers.get(id) ?? new Set();
      watchers.set(id, others.add(own));
      schedule();
      return () => {
        others.delete(own);
        if (others.size === 0 && watchers.get(id) === others) watchers.delete(id);
      };
    },
    close() {
      stop();
      callOff?.();
      watchers.clear();
    },
  };
}
