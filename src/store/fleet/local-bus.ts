import type { Bus } from '../store.ts';

/** A bus for one process that is alone. */
export function createLocalBus(): Bus {
  const subscribers = new Map<string, Set<(text: string) => void>>();
  return {
    publish(topic, text) {
      const runs = subscribers.get(topic);
      // Who publishes goes on first, as with a bus that leaves the process.
      if (runs !== undefined) for (const run of [...runs]) setImmediate(() => runs.has(run) && run(text));
    },
    subscribe(topic, run) {
      const runs = subscribers.get(topic) ?? new Set();
      subscribers.set(topic, runs);
      const own = (text: string): void => run(text);
      runs.add(own);
      return () => {
        runs.delete(own);
        if (runs.size === 0 && subscribers.get(topic) === runs) subscribers.delete(topic);
      };
    },
    async close() {
      subscribers.clear();
    },
  };
}
