import type { Bus } from '../store.ts';
import { Outgoing } from './outgoing.ts';
import { isCarried, readWakeups, Topics, type Wakeup } from './topics.ts';

/** The way from a worker to the others of its machine. The first process passes on what it sends to all but itself. */
export interface WorkerPort {
  /** Takes what `structuredClone` takes. Never throws. */
  send(message: unknown): void;
  /** Runs for what the others sent; the function that comes back ends that. */
  onMessage(run: (message: unknown) => void): () => void;
}

/** A bus for the processes of one machine, by messages through the first one. */
export function createWorkerBus(port: WorkerPort): Bus {
  const topics = new Topics();
  const outgoing = new Outgoing((wakeups) => port.send({ wakeups }));
  const off = port.onMessage((message) => {
    for (const wakeup of wakeupsIn(message)) topics.deliver(wakeup);
  });
  let closed = false;
  return {
    publish(topic, text) {
      if (closed || !isCarried([topic, text])) return;
      topics.deliverSoon([topic, text]);
      outgoing.add([topic, text]);
    },
    subscribe: (topic, run) => topics.subscribe(topic, run),
    async close() {
      closed = true;
      off();
      topics.clear();
      await outgoing.flush();
    },
  };
}

function wakeupsIn(message: unknown): readonly Wakeup[] {
  if (typeof message !== 'object' || message === null || !('wakeups' in message)) return [];
  return readWakeups(message.wakeups) ?? [];
}
