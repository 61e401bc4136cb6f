import { describe, expect, it } from 'vitest';
import { JsonText } from '../../lib/json-text.ts';
import { fitsSchema } from './fits-schema.ts';

function fits(value: unknown, schema: string): boolean {
  return fitsSchema(JsonText.of(value), JsonText.written(schema));
}

describe('fitsSchema', () => {
  it('follows references inside the schema', () => {
    const schema = '{"$defs":{"id":{"type":"string"}},"properties":{"id":{"$ref":"#/$defs/id"}}}';
    expect(fits({ id: 'a' }, schema)).toBe(true);
    expect(fits({ id: 1 }, schema)).toBe(false);
  });

  it('applies no pattern, however its name is written', () => {
    const value = { a: `${'a'.repeat(40)}!` };
    expect(fits(value, '{"properties":{"a":{"p\\u0061ttern":"^(a+)+$"}}}')).toBe(false);
    expect(fits({ [value.a]: 1 }, '{"pattern\\u0050roperties":{"^(a+)+$":{}}}')).toBe(false);
  });

  it('applies no schema that grows without bound behind its references', () => {
    const twice = (n: number): string => `{"allOf":[{"$ref":"#/$defs/d${n}"},{"$ref":"#/$defs/d${n}"}]}`;
    const defs = Array.from({ length: 40 }, (_, n) => `"d${n}":${n === 39 ? '{}' : twice(n + 1)}`);
    expect(fits({}, `{"$defs":{${defs.join(',')}},"$ref":"#/$defs/d0"}`)).toBe(false);
    expect(fits({}, '{"$ref":"#"}')).toBe(false);
    expect(fits({ a: {} }, '{"properties":{"a":{"allOf":[{"$ref":"#"},{"$ref":"#"}]}}}')).toBe(false);
    expect(fits({}, '{"$defs":{"a":{"$id":"https://a.example/b","$ref":"#/c"}},"$ref":"#/$defs/a"}')).toBe(
      false,
    );
  });

  it('compares no items with each other, and takes no value that is too large for its schema', () => {
    const items = Array.from({ length: 20_000 }, (_, n) => ({ n }));
    expect(fits(items, '{"uniqueItems":true}')).toBe(false);
    const wide = JSON.stringify(Array.from({ length: 4000 }, () => ({})));
    expect(fits(items, `{"items":{"anyOf":${wide},"allOf":${wide}}}`)).toBe(false);
  });
});
