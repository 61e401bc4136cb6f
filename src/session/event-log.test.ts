import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventLog } from './event-log.ts';

const ref = { session: 's', stream: 'a' };
const event = (number: number, size = 10) => ({ number, data: Buffer.alloc(size, 'x') });

function logAt(limits: { maxBytes?: number; maxAgeMs?: number } = {}) {
  const clock = { now: 1_000 };
  const log = createEventLog({ maxBytes: 1_000_000, maxAgeMs: 60_000, ...limits, now: () => clock.now });
  return { log, clock };
}

describe('createEventLog', () => {
  it('gives the events after a number, and says whether the stream has ended', async () => {
    const { log } = logAt();
    await log.open(ref);
    for (const number of [1, 2, 3]) await log.append(ref, event(number));
    expect((await log.after(ref, 1))?.events.map(({ number }) => number)).toEqual([2, 3]);
    expect(await log.after(ref, 3)).toEqual({ events: [], ended: false });
    await log.finish(ref);
    expect(await log.after(ref, 3)).toEqual({ events: [], ended: true });
  });

  it('does not know other streams, other sessions or numbers that were never sent', async () => {
    const { log } = logAt();
    await log.open(ref);
    await log.append(ref, event(1));
    expect(await log.after({ session: 's', stream: 'b' }, 0)).toBeUndefined();
    expect(await log.after({ session: 't', stream: 'a' }, 0)).toBeUndefined();
    expect(await log.after(ref, 2)).toBeUndefined();
  });

  it('lets go of events that are too old, and of streams that ended too long ago', async () => {
    const { log, clock } = logAt();
    await log.open(ref);
    await log.append(ref, event(1));
    clock.now += 40_000;
    await log.append(ref, event(2));
    clock.now += 30_000;
    expect(await log.after(ref, 0)).toBeUndefined();
    expect((await log.after(ref, 1))?.events).toHaveLength(1);
    await log.finish(ref);
    clock.now += 60_000;
    expect(await log.after(ref, 2)).toBeUndefined();
  });

  it('keeps a stream that is silent for long as long as it has not ended', async () => {
    const { log, clock } = logAt();
    await log.open(ref);
    clock.now += 600_000;
    expect(await log.after(ref, 0)).toEqual({ events: [], ended: false });
  });

  it('forgets a session at once', async () => {
    const { log } = logAt();
    await log.open(ref);
    await log.append(ref, event(1));
    log.drop('s');
    expect(await log.after(ref, 0)).toBeUndefined();
  });

  it('never lets a talkative stream push out the others', async () => {
    const { log } = logAt({ maxBytes: 80_000 });
    await log.open(ref);
    await log.append(ref, event(1));
    const loud = { session: 's', stream: 'loud' };
    await log.open(loud);
    for (let number = 1; number <= 1000; number++) await log.append(loud, event(number, 1000));
    expect((await log.after(ref, 0))?.events).toHaveLength(1);
    expect(await log.after(loud, 0)).toBeUndefined();
    expect((await log.after(loud, 999))?.events).toHaveLength(1);
  });

  it('never answers with a gap, whatever is sent and let go of', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ stream: fc.nat(3), size: fc.nat(3000), wait: fc.nat(9000), finish: fc.boolean() }),
          { maxLength: 60 },
        ),
        fc.nat(40_000),
        async (steps, maxBytes) => {
          const { log, clock } = logAt({ maxBytes, maxAgeMs: 20_000 });
          const sent = new Map<string, number>();
          for (const step of steps) {
            const one = { session: 's', stream: String(step.stream) };
            if (!sent.has(one.stream)) await log.open(one);
            const number = (sent.get(one.stream) ?? 0) + 1;
            sent.set(one.stream, number);
            clock.now += step.wait;
            await log.append(one, event(number, step.size));
            if (step.finish && step.size % 5 === 0) await log.finish(one);
          }
          for (const [stream, last] of sent) {
            for (let from = 0; from <= last; from++) {
              const tail = await log.after({ session: 's', stream }, from);
              if (tail === undefined) continue;
              const wanted = Array.from({ length: last - from }, (_, index) => from + 1 + index);
              expect(tail.events.map(({ number }) => number)).toEqual(wanted);
            }
          }
        },
      ),
    );
  });
});
