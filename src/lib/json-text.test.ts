import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinMembers } from './json-edit.ts';
import { JsonRefused, MAX_DEPTH } from './json-scan.ts';
import { JsonText } from './json-text.ts';

const parse = (text: string): JsonText => JsonText.parse(Buffer.from(text, 'utf8'));

const reasonOf = (text: string | Buffer): string | undefined => {
  try {
    JsonText.parse(Buffer.from(text));
    return undefined;
  } catch (error) {
    return error instanceof JsonRefused ? error.reason : 'another error';
  }
};

const nativeAccepts = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('a text at rest', () => {
  it('reads as before', () => {
    const text = JsonText.of({ a: { b: 'ü' }, c: [1] });
    const inner = text.get('a');
    expect(text.value()).toEqual({ a: { b: 'ü' }, c: [1] });
    text.rest();
    expect(text.text).toBe('{"a":{"b":"ü"},"c":[1]}');
    expect([inner?.text, text.at('a', 'b')?.string(), text.value()]).toEqual([
      '{"b":"ü"}',
      'ü',
      { a: { b: 'ü' }, c: [1] },
    ]);
    expect(text.bytes.buffer.byteLength).toBe(text.bytes.length);
  });

  it('changes nothing where it came from outside', () => {
    const text = JsonText.parse(Buffer.from(' {"a":1} '));
    text.rest();
    expect(text.text).toBe('{"a":1}');
  });
});

describe('JsonText.parse', () => {
  it('reads every JSON value as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        expect(parse(text).value()).toEqual(JSON.parse(text));
      }),
    );
  });

  it('takes and refuses what JSON.parse takes and refuses, duplicate keys aside', () => {
    const nearly = fc
      .tuple(
        fc.json({ maxDepth: 3 }),
        fc.nat(),
        fc.constantFrom(
          '',
          '"',
          '{',
          '}',
          '[',
          ']',
          ',',
          ':',
          '\\',
          '0',
          '-',
          '.',
          'e',
          ' ',
          '\n',
          '\u0001',
          'null',
        ),
      )
      .map(([text, at, piece]) => {
        const where = at % (text.length + 1);
        return text.slice(0, where) + piece + text.slice(where + (at % 2));
      });
    fc.assert(
      fc.property(nearly, (text) => {
        fc.pre(text.isWellFormed());
        const reason = reasonOf(text);
        if (reason !== 'duplicate-key') expect(reason === undefined).toBe(nativeAccepts(text));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['an unfinished number', '1.'],
    ['a leading zero', '01'],
    ['a control character in a string', '"\n"'],
    ['a short escape', '"\\u12"'],
    ['an unknown escape', '"\\x"'],
    ['a comma at the end', '[1,]'],
    ['two values', '1 2'],
    ['nothing', ''],
    ['a byte order mark', '\ufeff{}'],
  ])('refuses %s', (_, text) => {
    expect(reasonOf(text)).toBe('syntax');
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(reasonOf(Buffer.from([0x22, 0xff, 0x22]))).toBe('utf8');
  });

  it('refuses a key that stands twice in one object, however it is spelled', () => {
    expect(reasonOf('{"a":1,"a":2}')).toBe('duplicate-key');
    expect(reasonOf('{"a":1,"\\u0061":2}')).toBe('duplicate-key');
    expect(reasonOf('{"é":1,"\\u00e9":2}')).toBe('duplicate-key');
    expect(reasonOf('[{"x":{"deep":{"deeper":{"k":1,"k":1}}}}]')).toBe('duplicate-key');
    const many = Array.from({ length: 40 }, (_, index) => `"k${index}":0`).join(',');
    expect(reasonOf(`{${many},"k3":1}`)).toBe('duplicate-key');
    expect(reasonOf('{"a":{"a":1},"b":{"a":1}}')).toBeUndefined();
  });

  it('refuses what is nested too deeply, and takes what is just within', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(reasonOf(nested(MAX_DEPTH))).toBeUndefined();
    expect(reasonOf(nested(MAX_DEPTH + 1))).toBe('depth');
    expect(reasonOf('{"a":'.repeat(100_000))).toBe('depth');
  });

  it('keeps __proto__ as a plain key', () => {
    const json = parse('{"__proto__":{"polluted":true}}');
    expect(json.get('__proto__')?.text).toBe('{"polluted":true}');
    expect(Object.hasOwn({}, 'polluted')).toBe(false);
  });
});

describe('JsonText', () => {
  it('finds members at any depth, with the bytes that came', () => {
    const json = parse(' { "a" : { "b" : { "c" : { "d" : { "e" : 1e400 } } } } } ');
    expect(json.at('a', 'b', 'c', 'd', 'e')?.text).toBe('1e400');
    expect(json.at('a', 'x', 'c')).toBeUndefined();
  });

  it('knows what it came in, until it is changed', () => {
    const response = parse('{"id":1,"result":{"a":1}}');
    const result = response.get('result');
    expect(result?.whole.text).toBe(response.text);
    expect(response.get('result')?.isSame(result ?? response)).toBe(true);
    const changed = result?.with({ a: JsonText.of(2) });
    expect(changed?.whole).toBe(changed);
    expect(response.whole).toBe(response);
  });

  it('gives the items of arrays', () => {
    expect(
      parse('{"list":[1, "two", {"three":3}]}')
        .get('list')
        ?.items()
        .map(({ text }) => text),
    ).toEqual(['1', '"two"', '{"three":3}']);
  });

  it('gives the members of objects, from which they can be joined again', () => {
    const text = '{"a":1,"\\u0062":{"c":2},"__proto__":null}';
    const members = parse(text).members();
    expect(members.map(([key, value]) => [key, value.text])).toEqual([
      ['a', '1'],
      ['b', '{"c":2}'],
      ['__proto__', 'null'],
    ]);
    expect(joinMembers(members).text).toBe('{"a":1,"b":{"c":2},"__proto__":null}');
    expect(parse('[1]').members()).toEqual([]);
  });

  it('reads numbers, and nothing else as one', () => {
    expect(['1', '-2.5e1', '0', '"1"', 'null', '[1]'].map((text) => parse(text).number())).toEqual([
      1,
      -25,
      0,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('changes members and keeps the bytes of all others', () => {
    const json = parse('{"big": 9007199254740993, "name":"old", "x":{ "y" : 1.0 }}');
    const changed = json.with({ name: JsonText.of('new'), gone: undefined, more: JsonText.of(true) });
    expect(changed.text).toBe('{"big": 9007199254740993,"name":"new","x":{ "y" : 1.0 },"more":true}');
    expect(json.with({ big: undefined, name: undefined, x: undefined }).text).toBe('{}');
  });

  it('sets a member of any object so that it reads back, others untouched', () => {
    const key = fc.string({ unit: 'grapheme', maxLength: 6 });
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.jsonValue({ maxDepth: 2 })),
        key,
        fc.jsonValue({ maxDepth: 2 }),
        (object, name, value) => {
          fc.pre(name !== '__proto__' && name.isWellFormed());
          const before = parse(JSON.stringify(object));
          const after = before.with({ [name]: JsonText.of(value) });
          expect(JsonText.parse(after.bytes).get(name)?.value()).toEqual(JSON.parse(JSON.stringify(value)));
          for (const other of before.keys()) {
            if (other !== name) expect(after.get(other)?.text).toBe(before.get(other)?.text);
          }
        },
      ),
    );
  });
});
