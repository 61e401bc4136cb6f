import { afterEach, expect, test } from 'vitest';
import type { Turn } from '../../../test/support/fake-legacy-server.ts';
import { ASKABLE, bodyOf, sketchCall } from '../../../test/support/legacy-upstream.ts';
import { quiet } from '../../../test/support/manual-clock.ts';
import { ReplicaFleet } from '../../../test/support/replica-fleet.ts';
import type { Outcome } from '../../call.ts';

const FORM = { message: 'Name?', requestedSchema: { type: 'object', properties: {} } };
const ACCEPT = { action: 'accept', content: { name: 'x' } };
const PARAMS = { name: 'ask', arguments: {} };

let fleet: ReplicaFleet | undefined;
afterEach(() => fleet?.stop());

function send(it: ReplicaFleet, id: string, params: object): Promise<Outcome> {
  const { call } = sketchCall({ capabilities: ASKABLE, params: { ...PARAMS, ...params } });
  return it.replica(id).connector.call(call, 'context');
}

async function settle(it: ReplicaFleet): Promise<void> {
  await quiet();
  await it.clock.advance(30);
  await quiet();
}

test('a retry that comes twice to a replica while that takes the call over gets the outcome twice', async () => {
  const goOn = Promise.withResolvers<void>();
  const ask = async ({ ask: put }: Turn) => {
    const got = await put('elicitation/create', FORM);
    await goOn.promise;
    return { got };
  };
  const it = await ReplicaFleet.start({ tools: { ask } });
  fleet = it;
  const asked = send(it, 'a', {});
  await settle(it);
  const { requestState } = bodyOf(await asked);
  it.kill('a');
  const { parked } = it.store;
  const gate = Promise.withResolvers<void>();
  const read = parked.read.bind(parked);
  let reads = 0;
  Object.assign(parked, {
    read: async (id: string) => {
      if (++reads === 2) await gate.promise;
      return read(id);
    },
  });
  const retry = { requestState, inputResponses: { 'input-1': ACCEPT } };
  const both = [send(it, 'b', retry), send(it, 'b', retry)];
  await quiet();
  expect(it.writes).toContain('claim');
  expect(reads).toBe(2);
  gate.resolve();
  await quiet();
  goOn.resolve();
  await settle(it);
  for (const outcome of await Promise.all(both))
    expect(bodyOf(outcome)).toMatchObject({ got: { result: ACCEPT } });
});
