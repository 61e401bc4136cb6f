import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonText } from '../../lib/json-text.ts';
import type { CallState } from './call-state.ts';
import { StreamWork } from './stream-work.ts';

const facts = {
  key: 'k',
  version: '2025-11-25',
  server: 'all',
  principal: 'key:1',
  capabilities: JsonText.of({ elicitation: {} }),
  clientInfo: JsonText.written('{"name":"c", "x":18446744073709551617}'),
  expiresAtMs: 5,
};
const json = fc.jsonValue().map((value) => JsonText.of(value));
const map = fc.array(fc.tuple(fc.string(), json), { maxLength: 3 }).map((pairs) => new Map(pairs));
const maybe = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: undefined });
const message = json.map((value) => value.bytes);
const question = fc.record({ key: fc.string(), name: fc.string(), method: fc.string(), message });
const state: fc.Arbitrary<CallState> = fc.oneof(
  fc.record({
    phase: fc.constant('calling' as const),
    round: fc.nat(),
    answers: maybe(fc.record({ responses: maybe(map), requestState: maybe(json), refusals: map })),
  }),
  fc.record({
    phase: fc.constant('asking' as const),
    round: fc.nat(),
    asked: fc.record({
      requestState: maybe(json),
      isLegacy: fc.boolean(),
      responses: map,
      refusals: map,
      questions: fc.array(question, { maxLength: 3 }),
    }),
  }),
);

/** Without what tells equal texts apart. */
function plain(value: unknown): unknown {
  if (value instanceof JsonText) return value.text;
  if (value instanceof Map) return [...value].map(([key, item]) => [key, plain(item)]);
  if (Buffer.isBuffer(value)) return value.toString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

describe('StreamWork', () => {
  it('is read as it was written, byte for byte', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer(), state), { maxLength: 3 }), (requests) => {
        const work = new StreamWork(facts);
        for (const [id, at] of requests)
          work.add(String(id), JsonText.written(`{"jsonrpc":"2.0", "id":${id},"method":"m"}`), at);
        const read = StreamWork.read(work.write());
        expect(plain(read?.requests)).toEqual(plain(work.requests));
        expect(plain(read?.facts)).toEqual(plain(facts));
      }),
    );
  });

  it('takes messages as deep as they may be', () => {
    const deep = `${'['.repeat(120)}${']'.repeat(120)}`;
    const work = new StreamWork(facts);
    work.add('1', JsonText.written(`{"id":1,"params":${deep}}`));
    expect(StreamWork.read(work.write())?.requests.get('1')?.message.text).toContain(deep);
  });

  it('waits while every request does', () => {
    const asked = {
      requestState: undefined,
      isLegacy: false,
      responses: new Map(),
      refusals: new Map(),
      questions: [],
    };
    const work = new StreamWork(facts);
    expect(work.isWaiting).toBe(false);
    work.add('1', JsonText.of({ id: 1 }));
    work.add('2', JsonText.of({ id: 2 }));
    work.note('1', { phase: 'asking', round: 0, asked });
    expect(work.isWaiting).toBe(false);
    work.requests.delete('2');
    expect(work.isWaiting).toBe(true);
  });

  it('is nothing to a version that cannot read it', () => {
    expect(StreamWork.read(undefined)).toBeUndefined();
    expect(StreamWork.read(Buffer.from('{"v":2,"session":"{}","requests":[]}'))).toBeUndefined();
    expect(StreamWork.read(Buffer.from('{"v":1,"session":"{}","requests":[]}'))).toBeUndefined();
    const work = new StreamWork(facts);
    work.add('1', JsonText.of({ id: 1 }));
    const changed = work.write().toString().replace('"calling"', '"dreaming"');
    expect(StreamWork.read(Buffer.from(changed))).toBeUndefined();
  });
});
