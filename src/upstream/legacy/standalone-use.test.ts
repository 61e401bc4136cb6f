import { expect, it } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { StandaloneUse } from './standalone-use.ts';

function setUp() {
  const clock = new ManualClock();
  const did: string[] = [];
  const transport = {
    openStandalone: () => void did.push('open'),
    closeStandalone: () => void did.push('close'),
  };
  return { clock, did, use: new StandaloneUse(transport, clock) };
}

it('closes the stream a while after its last user is gone', async () => {
  const { clock, did, use } = setUp();
  const [one, two] = [use.hold(), use.hold()];
  one();
  one();
  await clock.advance(60_000);
  expect(did).toEqual(['open', 'open']);
  two();
  await clock.advance(9_000);
  expect(did).toEqual(['open', 'open']);
  await clock.advance(2_000);
  expect(did).toEqual(['open', 'open', 'close']);
});

it('keeps it for who comes in the meantime, and does nothing once the session is over', async () => {
  const { clock, did, use } = setUp();
  use.hold()();
  await clock.advance(9_000);
  const release = use.hold();
  await clock.advance(60_000);
  expect(did).toEqual(['open', 'open']);
  release();
  const late = use.hold();
  use.end();
  late();
  await clock.advance(60_000);
  expect(did).toEqual(['open', 'open', 'open']);
  expect(clock.pending).toBe(0);
});
