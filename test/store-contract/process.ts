// A process among several that open one store at once: node process.ts LOCATION SESSION NAME
import { openAt } from './open-at.ts';

const [location = '', session = '', name = ''] = process.argv.slice(2);
const store = await openAt(location);
for (let n = 0; n < 50; n++) {
  await store.sessions.change(session, { subscribe: `${name} ${n}` }, 86_400_000);
}
await store.close();
console.log('ready');
