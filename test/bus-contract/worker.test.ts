import { describe, expect, it } from 'vitest';
import { createWorkerBus, type WorkerPort } from '../../src/store/bus/worker-bus.ts';
import { busContract } from './contract.ts';

/** What the first process does with messages of its workers: each goes to all the others, as a copy. */
function connectWorkers(count: number): (WorkerPort & { hear(message: unknown): void })[] {
  const workers = Array.from({ length: count }, () => {
    const listeners = new Set<(message: unknown) => void>();
    return {
      send(message: unknown): void {
        const text = JSON.stringify(message);
        for (const other of workers) if (other !== this) setImmediate(() => other.hear(JSON.parse(text)));
      },
      onMessage(run: (message: unknown) => void) {
        listeners.add(run);
        return () => listeners.delete(run);
      },
      hear(message: unknown): void {
        for (const run of listeners) run(message);
      },
    };
  });
  return workers;
}

describe('the bus of the processes of one machine', () => {
  busContract(async () => {
    const [first, second] = connectWorkers(2).map(createWorkerBus);
    if (first === undefined || second === undefined) throw new TypeError('there are two');
    return { a: first, b: second };
  });

  it('passes over messages that are none of its own', async () => {
    const [port] = connectWorkers(1);
    if (port === undefined) throw new TypeError('there is one');
    const bus = createWorkerBus(port);
    const heard: string[] = [];
    bus.subscribe('t', (text) => heard.push(text));
    for (const message of [undefined, null, 7, 'x', [], {}, { wakeups: 1 }, { wakeups: [['t']] }])
      port.hear(message);
    port.hear({ wakeups: [['t', 'x']] });
    expect(heard).toEqual(['x']);
    await bus.close();
  });
});
