/** Tasks under any order of what may happen to them, on replicas that die. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { quiet } from '../../test/support/manual-clock.ts';
import {
  asks,
  complete,
  createTask,
  startTaskFleet,
  type TestReplica,
} from '../../test/support/task-replicas.ts';
import { GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import type { TaskRow } from '../store/task-table.ts';
import { sealAnswer } from './task-answers.ts';
import { openImage } from './task-image.ts';

const events = fc.record({
  kind: fc.constantFrom('result', 'lost', 'down', 'ask', 'answer', 'cancel', 'kill', 'stop', 'away', 'wait'),
  at: fc.nat(1),
  ms: fc.integer({ min: 1, max: 4000 }),
});
const FINAL = ['completed', 'failed', 'cancelled'];

it('every task ends, an end is final, and nothing runs twice that is not safe to repeat', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(events, { maxLength: 14 }), fc.boolean(), async (script, repeatable) => {
      const fleet = await startTaskFleet();
      fleet.upstream.repeatable = repeatable;
      fleet.upstream.rules = {
        ...fleet.upstream.rules,
        deadlineMs: 60_000,
        inputMs: 20_000,
        retentionMs: 1e9,
      };
      const open: { resolve: (kind: string) => void }[] = [];
      fleet.upstream.answer = ({ signal }) =>
        new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
          open.push({
            resolve: (kind) => {
              if (kind === 'result') resolve(complete('done'));
              else if (kind === 'ask') resolve(asks(['x'], `s${fleet.calls.length}`));
              else reject(new GatewardError(kind === 'down' ? 'UPSTREAM_UNAVAILABLE' : 'UPSTREAM_LOST'));
            },
          });
        });
      const replicas: TestReplica[] = [await fleet.replica(), await fleet.replica()];
      const [first] = replicas;
      if (first === undefined) return;
      const id = await createTask(first);
      let end: TaskRow | undefined;
      const downs = { count: 0 };
      for (const { kind, at, ms } of script) {
        const replica = replicas[at] ?? first;
        if (['result', 'lost', 'down', 'ask'].includes(kind)) {
          if (kind === 'down') downs.count++;
          open.pop()?.resolve(kind);
        } else if (kind === 'cancel') {
          const row = await fleet.store.tasks.read(id);
          if (row !== undefined) await replica.cancel(row).catch(() => undefined);
        } else if (kind === 'answer') {
          const row = await fleet.store.tasks.read(id);
          const image = row?.body && openImage(first.parts.seal, id, row.body);
          const given = [...(image?.asked.keys() ?? [])].map((key) =>
            sealAnswer(first.parts, { id, key, answer: JsonText.of({ action: 'accept' }) }),
          );
          if (given.length > 0) await fleet.store.tasks.answer(id, given);
          await replica.work.goOn(id).catch(() => undefined);
        } else if (kind === 'kill') {
          await replica.kill();
          replicas[at] = await fleet.replica();
        } else if (kind === 'stop') {
          const stopped = replica.work.stop(0);
          await quiet();
          await fleet.clock.advance(1);
          await stopped;
          await replica.kill();
          replicas[at] = await fleet.replica();
        } else if (kind === 'away') replica.storeAway = !replica.storeAway;
        await fleet.clock.advance(ms);
        const row = await fleet.store.tasks.read(id);
        if (end !== undefined) expect(row).toMatchObject({ state: end.state, endedAt: end.endedAt });
        else if (row?.endedAt !== undefined) end = row;
      }
      for (const replica of replicas) replica.storeAway = false;
      await fleet.clock.advance(90_000);
      const row = await fleet.store.tasks.read(id);
      expect(FINAL).toContain(row?.state);
      expect(row?.holder).toBeUndefined();
      if (!repeatable) {
        // A round begins with the call or with answers; each is sent once more for each time that nothing ran.
        const sent = new Map<string, number>();
        for (const { message, task: told } of fleet.calls) {
          const state = message.at('params', 'requestState')?.text ?? '';
          // What carries a state finds the call that it belongs to.
          if (told?.again !== true || state === '') sent.set(state, (sent.get(state) ?? 0) + 1);
        }
        for (const count of sent.values()) expect(count).toBeLessThanOrEqual(1 + downs.count);
      }
      for (const { errors } of replicas) expect(errors).toEqual([]);
      await fleet.close();
    }),
    { numRuns: 150 },
  );
}, 120_000);
