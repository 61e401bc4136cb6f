// Writes without end, until it is killed: node writer.ts LOCATION JOURNAL PREFIX
// Says `ready` on stdout once the store is open.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openAt } from '../store-contract/open-at.ts';
import { openJournal } from './acknowledgments.ts';
import { LANES } from './lanes.ts';

const [location = '', journal = '', prefix = ''] = process.argv.slice(2);
const note = openJournal(journal);
const store = await openAt(location);
console.log('ready');

await Promise.allSettled(
  Object.entries(LANES).map(async ([kind, lane]) => {
    for (let round = 0; ; round++) {
      await lane(store, `${kind}-${prefix}-${round}`, note);
      // Timers and messages have their turn too, as in a gateway.
      await nextTurn();
    }
  }),
);
// The database ended first: this process is about to be killed.
setInterval(() => undefined, 1000);
