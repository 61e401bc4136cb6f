import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonText } from '../lib/json-text.ts';
import { createSeal } from '../lib/seal.ts';
import { endingOf, openEnding, sealEnding } from './task-end.ts';
import {
  newImage,
  openImage,
  sealImage,
  type TaskImage,
  withAttempt,
  withAttemptEnded,
} from './task-image.ts';

const seal = createSeal(Buffer.alloc(32, 1));
const other = createSeal(Buffer.alloc(32, 2));
const begun = { startedAt: '2026-01-01T00:00:00.000Z', replica: 'r1' };
const text = fc.string({ unit: 'grapheme' });
const json = fc.jsonValue().map((value) => JsonText.written(JSON.stringify(value)));
const object = fc
  .dictionary(text, fc.jsonValue())
  .map((value) => JsonText.written(JSON.stringify({ ...value })));
const images: fc.Arbitrary<TaskImage> = fc.record({
  message: object,
  context: text,
  retentionMs: fc.nat(),
  round: fc.nat(),
  asked: fc.uniqueArray(fc.tuple(text, object), { selector: ([key]) => key }).map((pairs) => new Map(pairs)),
  requestState: fc.option(json, { nil: undefined }),
  upstreamTask: fc.option(fc.record({ id: text, pollIntervalMs: fc.option(fc.nat(), { nil: undefined }) }), {
    nil: undefined,
  }),
  resumable: fc.option(text, { nil: undefined }),
  failures: fc.nat(),
  history: fc.array(
    fc.record({
      startedAt: text,
      replica: text,
      endedAt: fc.option(text, { nil: undefined }),
      end: fc.option(text, { nil: undefined }),
    }),
    { maxLength: 3 },
  ),
  note: fc.option(text, { nil: undefined }),
});

const plain = ({ message, asked, requestState, ...rest }: TaskImage) => ({
  ...rest,
  message: message.text,
  asked: [...asked].map(([key, value]) => [key, value.text]),
  requestState: requestState?.text,
});

describe('the image of a task', () => {
  it('comes back as it was sealed', () => {
    fc.assert(
      fc.property(images, text, (image, id) => {
        const opened = openImage(seal, id, sealImage(seal, id, image));
        expect(opened && plain(opened)).toEqual(plain(image));
      }),
    );
  });

  it('is nothing to another task, another secret, or after a change', () => {
    const image = newImage({ message: JsonText.of({}), context: 'c', retentionMs: 1 });
    const sealed = sealImage(seal, 'a', image);
    expect(openImage(seal, 'b', sealed)).toBeUndefined();
    expect(openImage(other, 'a', sealed)).toBeUndefined();
    sealed[20] = (sealed[20] ?? 0) ^ 1;
    expect(openImage(seal, 'a', sealed)).toBeUndefined();
  });

  it('remembers the newest attempts, and ends the newest once', () => {
    let image = newImage({ message: JsonText.of({}), context: 'c', retentionMs: 1 });
    for (let n = 0; n < 25; n++) {
      image = { ...image, history: withAttempt(image, { ...begun, replica: `r${n}` }) };
      image = { ...image, history: withAttemptEnded(image, { endedAt: 'then', end: `end ${n}` }) };
    }
    expect(withAttemptEnded(image, { endedAt: 'later', end: 'again' })).toEqual(image.history);
    expect(image.history).toHaveLength(20);
    expect(image.history.at(-1)).toMatchObject({ replica: 'r24', end: 'end 24' });
  });
});

describe('the end of a task', () => {
  it('comes back as it was sealed, for the same task and secret alone', () => {
    fc.assert(
      fc.property(object, fc.boolean(), text, (result, wrapped, id) => {
        const ending = endingOf({ kind: 'complete', result, wrapped });
        const sealed = sealEnding(seal, id, ending);
        const opened = openEnding(seal, id, sealed);
        expect(opened?.kind === 'result' && [opened.result.text, opened.wrapped]).toEqual([
          result.text,
          wrapped,
        ]);
        expect(openEnding(seal, `${id}x`, sealed)).toBeUndefined();
        expect(openEnding(other, id, sealed)).toBeUndefined();
      }),
    );
  });

  it('is an error where the call ended in one', () => {
    const error = JsonText.of({ code: -1, message: 'm' });
    const sealed = sealEnding(
      seal,
      'a',
      endingOf({ kind: 'error', error, code: undefined, retryAfterSeconds: undefined }),
    );
    const opened = openEnding(seal, 'a', sealed);
    expect(opened?.kind === 'error' && opened.error.text).toBe(error.text);
  });
});
