import type { Bus } from '../store.ts';
import { isCarried, Topics } from './topics.ts';

/** A bus for one process that is alone. */
export function createLocalBus(): Bus {
  const topics = new Topics();
  return {
    publish(topic, text) {
      if (isCarried([topic, text])) topics.deliverSoon([topic, text]);
    },
    subscribe: (topic, run) => topics.subscribe(topic, run),
    async close() {
      topics.clear();
    },
  };
}
