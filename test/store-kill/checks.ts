import { approvalId } from '../../src/store/approval-table.ts';
import type { Store } from '../../src/store/store.ts';
import type { TaskRow } from '../../src/store/task-table.ts';
import { bodyOf } from './acknowledgments.ts';
import { approvalsOf, BATCHES, BOUNDS, DECISIONS, eventsOfBatch, streamOf, WRITER } from './lanes.ts';

/**
 * Says what is wrong with a thing of which `step` was acknowledged, and takes it away. A step more may have been
 * taken than was acknowledged, but whole.
 */
export type Check = (store: Store, name: string, step: number) => Promise<string | undefined>;

/** What must be there, by the kind of thing. */
const CHECKS: Readonly<Record<string, Check>> = {
  async stream(store, name, step) {
    const key = streamOf(name);
    // A database may go on with what a dead writer had sent: nothing of that is taken any more once this holds it.
    await store.streams.claim(key, WRITER, 'checker');
    const row = await store.streams.read(key);
    const replay = await store.streams.after(key, 0);
    await store.sessions.end(key.session, BOUNDS.maxAgeMs);
    if (row === undefined || replay === undefined) return 'the stream is gone';
    const batches = batchesIn(replay.events.length);
    if (batches === undefined) return `a batch is there in part: ${replay.events.length} events`;
    if (row.last !== replay.events.length)
      return `last is ${row.last}, but there are ${replay.events.length}`;
    const torn = replay.events.find(({ number, data }) => !data.equals(bodyOf(`${name}/${number}`)));
    if (torn !== undefined) return `event ${torn.number} is not whole`;
    if (batches < Math.ceil(Math.min(step, 2 * BATCHES) / 2)) return `only ${batches} batches are there`;
    if (row.ended) return batches === BATCHES && row.work === undefined ? undefined : 'it ended too early';
    if (step > 2 * BATCHES) return 'its end is lost';
    const works = [batches - 1, batches].filter((work) => work >= Math.floor(step / 2));
    const isWhole = works.some((work) => row.work?.equals(bodyOf(`${name}/work/${work}`)) === true);
    return isWhole ? undefined : 'its work is not whole, or old';
  },

  async answers(store, name, step) {
    const key = streamOf(name);
    const answers = await store.streams.answers(key);
    const again = await store.streams.answer(key, { question: 'q0', body: Buffer.from('second') });
    await store.sessions.end(key.session, BOUNDS.maxAgeMs);
    if (again) return 'a second answer was taken';
    return listFault(
      answers.map(({ body }) => body),
      { name, atLeast: step + 1 },
    );
  },

  async mail(store, name, step) {
    const letters = await store.mail.collect(name, []);
    await store.mail.collect(
      name,
      letters.map(({ id }) => id),
    );
    if (letters.length % 2 !== 0) return 'half of what was sent at once is there';
    return listFault(
      letters.map(({ body }) => body),
      { name, atLeast: step + 1 },
    );
  },

  async done(store, name, step) {
    const letters = await store.mail.collect(name, []);
    await store.mail.collect(
      name,
      letters.map(({ id }) => id),
    );
    if (letters.length > 1) return `${letters.length} letters are there`;
    const [left] = letters;
    return left === undefined || left.body.equals(bodyOf(`${name}/${step + 1}`))
      ? undefined
      : 'a letter came back';
  },

  async parked(store, name, step) {
    const row = await store.parked.read(name);
    if (row === undefined) return step >= 2 ? undefined : 'the call is gone';
    await store.parked.delete(name, WRITER);
    const reached = ['none', 'sending', 'sent'].indexOf(row.answers);
    if (reached < step) return `it is at ${row.answers}, but ${step} was acknowledged`;
    return row.body.equals(bodyOf(`${name}/${reached === 2 ? 2 : 0}`)) ? undefined : 'its body is not whole';
  },

  async key(store, name, step) {
    const row = await store.keys.read(name);
    if (row === undefined) return 'the key is gone';
    if (!row.hash.equals(bodyOf(name).subarray(0, 32)) || row.servers?.join() !== 'a,b')
      return 'it is not whole';
    return step >= 1 && row.revokedAt === undefined ? 'its end is lost' : undefined;
  },

  async session(store, name, step) {
    const row = await store.sessions.read(name);
    if (row === undefined) return 'the session is gone';
    if (row.ended) return step >= 1 ? undefined : 'it ended too early';
    if (step >= 2) return 'its end is lost';
    if (row.subscriptions.join() !== 'test://one') return 'its subscription is lost';
    if (row.logLevel === undefined && row.extra === undefined)
      return step >= 1 ? 'a change is lost' : undefined;
    return row.logLevel === 'info' && row.extra?.equals(bodyOf(name))
      ? undefined
      : 'half of a change is there';
  },

  async owner(store, name, step) {
    const { holder, epoch, note } = await store.owners.claim(name, 'checker');
    await store.owners.release(name, { holder, epoch });
    if (epoch !== 2) return `its epoch is ${epoch}`;
    if (note === undefined) return step === 0 ? undefined : 'its note is lost';
    return [step, step + 1].some((n) => note.equals(bodyOf(`${name}/${n}`))) ? undefined : 'its note is old';
  },

  async task(store, name, step) {
    const row = await store.tasks.read(name);
    if (row === undefined) return 'the task is gone';
    const answers = await store.tasks.answers(name);
    await store.tasks.cancel(name, 0);
    const reached = stepOfTask(row, answers.length);
    if (reached < step || reached > step + 1) return `it is at ${reached}`;
    const [kept, number] = reached === 6 ? [row.outcome, 6] : [row.body, TASK_BODIES[reached]];
    if (kept?.equals(bodyOf(`${name}/${number}`)) !== true) return 'its body is not whole, or old';
    if (reached === 6)
      return row.body === undefined && answers.length === 0 ? undefined : 'something of it is left';
    const isWhole = answers.every(({ body }) => body.equals(bodyOf(`${name}/3`)));
    return isWhole ? undefined : 'its answer is not whole';
  },

  async approval(store, name, step) {
    const rows = await store.approvals.list({ upstream: name }, { max: 10 });
    const seen = approvalsOf(name);
    if (rows.map(({ id }) => id).join() !== seen.map(approvalId).join())
      return `${rows.length} things are there`;
    if (rows.some(({ body }, n) => body !== seen[n]?.body)) return 'a text is not whole';
    const [first] = rows;
    if (rows.some((row) => row.decidedBy !== first?.decidedBy || row.state !== first?.state))
      return 'half of a decision is there';
    const reached = Number(first?.decidedBy?.slice('person '.length) ?? 0);
    if (reached < step || reached > step + 1) return `it is at ${reached}`;
    return first?.state === (DECISIONS[reached - 1] ?? 'pending') ? undefined : `it is ${first?.state}`;
  },
};

/** The body that a task has at each step. */
const TASK_BODIES: readonly number[] = [0, 1, 2, 2, 2, 5];

/** How far a task came. */
function stepOfTask({ state, attempts, epoch }: TaskRow, answers: number): number {
  if (state === 'completed') return 6;
  if (state === 'working') return attempts === 2 ? 5 : attempts;
  if (epoch > 1) return 4;
  return answers === 0 ? 2 : 3;
}

/** Checks a thing by its name, which begins with its kind. */
export async function findFault(store: Store, name: string, step: number): Promise<string | undefined> {
  const check = CHECKS[name.split('-')[0] ?? ''];
  const fault = check === undefined ? 'no such kind' : await check(store, name, step);
  return fault && `${name}, acknowledged up to step ${step}: ${fault}`;
}

/** How many whole batches make up so many events; undefined if none do. */
function batchesIn(events: number): number | undefined {
  let left = events;
  let batches = 0;
  while (left > 0) {
    left -= eventsOfBatch(batches);
    batches += 1;
  }
  return left === 0 ? batches : undefined;
}

function listFault(
  bodies: readonly Buffer[],
  { name, atLeast }: { readonly name: string; readonly atLeast: number },
): string | undefined {
  if (bodies.length < atLeast) return `${bodies.length} of ${atLeast} are there`;
  const torn = bodies.findIndex((body, n) => !body.equals(bodyOf(`${name}/${n}`)));
  return torn === -1 ? undefined : `number ${torn} is not whole, or not in its place`;
}
