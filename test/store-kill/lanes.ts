import { approvalId, type Seen } from '../../src/store/approval-table.ts';
import type { Holding } from '../../src/store/holding.ts';
import type { Store, StreamKey } from '../../src/store/store.ts';
import { bodyOf } from './acknowledgments.ts';

/** Nothing that is written expires or goes above a bound while it is looked at. */
const TTL_MS = 3_600_000;
export const BOUNDS = { maxAgeMs: TTL_MS, maxBytes: 10_000_000 };
export const BATCHES = 8;
export const WRITER: Holding = { holder: 'writer', epoch: 1 };

/** Notes how far a thing is, once the store has said so. */
export type Note = (name: string, step: number) => void;

/** One round of writes to things that bear `name`. */
export type Lane = (store: Store, name: string, note: Note) => Promise<void>;

/** Each append adds one, two or three events at once. */
export function eventsOfBatch(batch: number): number {
  return 1 + (batch % 3);
}

export function streamOf(name: string): StreamKey {
  return { session: `session-of-${name}`, stream: name };
}

/** What is written, by the kind of thing. The first word of a name is its kind. */
export const LANES: Readonly<Record<string, Lane>> = {
  async stream(store, name, note) {
    const key = streamOf(name);
    await store.streams.open({ key, holder: 'writer', requests: ['1'], work: bodyOf(`${name}/work/0`) });
    note(name, 0);
    let last = 0;
    for (let batch = 0; batch < BATCHES; batch++) {
      const events = Array.from({ length: eventsOfBatch(batch) }, () => {
        last += 1;
        return { number: last, data: bodyOf(`${name}/${last}`) };
      });
      if (!(await store.streams.append(key, WRITER, { events, bounds: BOUNDS }))) return;
      note(name, 2 * batch + 1);
      if (!(await store.streams.saveWork(key, WRITER, bodyOf(`${name}/work/${batch + 1}`)))) return;
      note(name, 2 * batch + 2);
    }
    if (await store.streams.finish(key, WRITER, BOUNDS)) note(name, 2 * BATCHES + 1);
  },

  async answers(store, name, note) {
    const key = streamOf(name);
    await store.streams.open({ key, holder: 'writer', requests: ['1'], work: undefined });
    for (let question = 0; question < 10; question++) {
      const answer = { question: `q${question}`, body: bodyOf(`${name}/${question}`) };
      if (await store.streams.answer(key, answer)) note(name, question);
    }
  },

  /** Two letters at a time. */
  async mail(store, name, note) {
    for (let n = 0; n < 10; n++) {
      const letters = [2 * n, 2 * n + 1].map((letter) => ({ to: name, body: bodyOf(`${name}/${letter}`) }));
      await store.mail.send(letters, TTL_MS);
      note(name, 2 * n + 1);
    }
  },

  /** What was named as done stays away. */
  async done(store, name, note) {
    for (let n = 0; n < 5; n++) {
      await store.mail.send([{ to: name, body: bodyOf(`${name}/${n}`) }], TTL_MS);
      const letters = await store.mail.collect(name, []);
      await store.mail.collect(
        name,
        letters.map(({ id }) => id),
      );
      note(name, n);
    }
  },

  async parked(store, name, note) {
    const row = { id: name, holder: 'writer', body: bodyOf(`${name}/0`) };
    if (await store.parked.put(row, TTL_MS, 1_000_000)) note(name, 0);
    if (await store.parked.save(name, WRITER, { answers: 'sending', ttlMs: TTL_MS })) note(name, 1);
    const sent = { answers: 'sent', body: bodyOf(`${name}/2`), ttlMs: TTL_MS } as const;
    if (await store.parked.save(name, WRITER, sent)) note(name, 2);
    await store.parked.delete(name, WRITER);
    note(name, 3);
  },

  async key(store, name, note) {
    const hash = bodyOf(name).subarray(0, 32);
    await store.keys.create({
      id: name,
      name: `name of ${name}`,
      hash,
      servers: ['a', 'b'],
      ttlMs: undefined,
    });
    note(name, 0);
    await store.keys.revoke(name);
    note(name, 1);
  },

  async session(store, name, note) {
    await store.sessions.change(name, { subscribe: 'test://one' }, TTL_MS);
    note(name, 0);
    await store.sessions.change(name, { logLevel: 'info', extra: bodyOf(name) }, TTL_MS);
    note(name, 1);
    await store.sessions.end(name, TTL_MS);
    note(name, 2);
  },

  async owner(store, name, note) {
    const { holder, epoch } = await store.owners.claim(name, 'writer');
    note(name, 0);
    for (let n = 1; n < 5; n++) {
      if (await store.owners.note(name, { holder, epoch }, bodyOf(`${name}/${n}`))) note(name, n);
    }
  },

  /** From its creation through a question and its answer to its end. */
  async task(store, name, note) {
    const { tasks } = store;
    const made = { id: name, owner: 'ann', server: 'all', upstream: 'one', tool: 'slow', holder: 'writer' };
    const kept = { deadlineMs: TTL_MS, retentionMs: TTL_MS };
    await tasks.create({ ...made, ...kept, attempts: 0, body: bodyOf(`${name}/0`) });
    note(name, 0);
    if (!(await tasks.save(name, WRITER, { attempts: 1, body: bodyOf(`${name}/1`) }))) return;
    note(name, 1);
    const pause = { state: 'input_required', dueMs: TTL_MS, body: bodyOf(`${name}/2`) } as const;
    if (!(await tasks.pause(name, WRITER, pause))) return;
    note(name, 2);
    if (!(await tasks.answer(name, [{ key: '1-name', body: bodyOf(`${name}/3`) }]))) return;
    note(name, 3);
    const taken = await tasks.take(name, 'writer');
    if (taken === undefined) return;
    note(name, 4);
    const by = { holder: 'writer', epoch: taken.epoch };
    if (!(await tasks.save(name, by, { attempts: 2, body: bodyOf(`${name}/5`) }))) return;
    note(name, 5);
    const end = { state: 'completed', keepBody: false, retentionMs: TTL_MS } as const;
    if (await tasks.finish(name, by, { ...end, outcome: bodyOf(`${name}/6`) })) note(name, 6);
  },

  /** Seen with others, then decided on again and again. */
  async approval(store, name, note) {
    await store.approvals.see(approvalsOf(name), 1_000);
    note(name, 0);
    const ids = approvalsOf(name).map(approvalId);
    for (const [n, state] of DECISIONS.entries()) {
      await store.approvals.decide(ids, state, `person ${n + 1}`);
      note(name, n + 1);
    }
  },
};

/** What is decided on an approval, one after the other. */
export const DECISIONS = ['approved', 'rejected', 'approved', 'rejected'] as const;

/** What an upstream of this name showed: three things at once. */
export function approvalsOf(name: string): readonly Seen[] {
  return ['a', 'b', 'c'].map((tool) => ({
    ...{ upstream: name, kind: 'tools', name: tool, digest: 'sha256:1', state: 'pending', findings: '[]' },
    ...{ body: bodyOf(`${name}/${tool}`).toString('hex'), decidedBy: undefined },
  }));
}
