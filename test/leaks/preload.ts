// Loaded before the gateway, in its process (`node --import`): answers the leak runner over the IPC channel with what
// the process holds after a full garbage collection. The gateway itself is the command that users run.
import { createHook } from 'node:async_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Measure } from './measured-gateway.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

// Timers that do not keep the process alive are in no other list.
const timers = new Set<number>();
createHook({
  init: (id, type) => {
    if (type === 'Timeout') timers.add(id);
  },
  destroy: (id) => timers.delete(id),
}).enable();

function measure(): Measure {
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  const resources: Record<string, number> = {};
  for (const type of process.getActiveResourcesInfo()) resources[type] = (resources[type] ?? 0) + 1;
  return { heapBytes: heapUsed + external, timers: timers.size, resources };
}

process.on('message', () => {
  // A collection may leave work to the next turn: what it frees is counted then.
  collectGarbage();
  setImmediate(() => process.send?.(measure()));
});
process.channel?.unref();
