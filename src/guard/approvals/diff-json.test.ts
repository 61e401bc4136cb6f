import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { diffJson } from './diff-json.ts';

const diff = (before: unknown, after: unknown) => diffJson(canonicalJson(before), canonicalJson(after));

describe('the difference of two definitions', () => {
  it('names each field by a JSON pointer, with what it was and what it is', () => {
    const before = { name: 'a', description: 'Reads.', annotations: { readOnlyHint: true }, old: 1 };
    const after = { name: 'a', description: 'Writes.', annotations: { readOnlyHint: false }, 'x/~': null };
    expect(diff(before, after)).toEqual([
      {
        path: '/annotations/readOnlyHint',
        change: 'changed',
        before: 'true',
        after: 'false',
        hidden: false,
      },
      { path: '/description', change: 'changed', before: '"Reads."', after: '"Writes."', hidden: false },
      { path: '/old', change: 'removed', before: '1', hidden: false },
      { path: '/x~1~0', change: 'added', after: 'null', hidden: false },
    ]);
  });

  it('is every field of something new, however deep', () => {
    const changes = diffJson(undefined, canonicalJson({ a: { b: [{ c: 1 }, 'x'], d: {}, e: [] } }));
    expect(changes.map(({ path, after }) => `${path} ${after}`)).toEqual([
      '/a/b/0/c 1',
      '/a/b/1 "x"',
      '/a/d {}',
      '/a/e []',
    ]);
    expect(new Set(changes.map(({ change }) => change))).toEqual(new Set(['added']));
  });

  it('shows what cannot be seen, in values and in names', () => {
    const [change] = diff({}, { 'na\u200bme': 'ab\u202ec\u0007"\u{e0041}' });
    expect(change).toEqual({
      path: '/na<U+200B>me',
      change: 'added',
      after: '"ab<U+202E>c<U+0007>\\"<U+E0041>"',
      hidden: true,
    });
    expect(diff({ a: 'b\u00ad' }, { a: 'b' })).toMatchObject([{ before: '"b<U+00AD>"', hidden: true }]);
    expect(diff({}, { a: 'b\n\tc' })).toMatchObject([{ after: '"b<U+000A><U+0009>c"', hidden: false }]);
  });

  it('cuts nothing', () => {
    const text = 'x'.repeat(1_000_000);
    expect(diff({ a: '' }, { a: text })[0]?.after).toBe(`"${text}"`);
  });

  it('finds what was put into a list or taken from it', () => {
    const changes = (before: unknown, after: unknown) =>
      diff(before, after).map(({ path, change }) => `${change} ${path}`);
    expect(changes([1, 2, 3], [1, 9, 2, 3])).toEqual(['added /1']);
    expect(changes([1, 2, 3], [1, 3])).toEqual(['removed /1']);
    expect(changes([1, 2, 3], [1, 5, 3])).toEqual(['changed /1']);
    expect(changes([1, 1], [1, 1, 1])).toEqual(['added /2']);
    expect(changes([1], [])).toEqual(['removed /0']);
    expect(changes([], {})).toEqual(['changed ']);
    expect(changes({ a: [] }, { a: { b: 1 } })).toEqual(['changed /a']);
  });

  it('tells numbers apart that JavaScript cannot', () => {
    expect(diffJson('{"max":9007199254740993}', '{"max":9007199254740992}')).toMatchObject([
      { path: '/max', before: '9007199254740993', after: '9007199254740992' },
    ]);
  });

  it('of texts, as instructions are, is the whole text', () => {
    expect(diffJson('"a"', '"b"')).toMatchObject([{ path: '', before: '"a"', after: '"b"' }]);
    expect(diffJson('null', '"b"')).toMatchObject([{ path: '', before: 'null', after: '"b"' }]);
  });

  it('is empty for the same value, and for no other', () => {
    const value = fc.jsonValue({ maxDepth: 4 }).filter((one) => JSON.stringify(one).isWellFormed());
    fc.assert(
      fc.property(value, value, (one, other) => {
        const [a, b] = [canonicalJson(one), canonicalJson(other)];
        expect(diffJson(a, a)).toEqual([]);
        expect(diffJson(a, b).length > 0).toBe(a !== b);
        const [there, back] = [diffJson(a, b), diffJson(b, a)];
        expect(there.length).toBe(back.length);
      }),
    );
  });
});
