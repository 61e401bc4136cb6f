import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isJsonBody, readAccept } from './media-type.ts';

describe('isJsonBody', () => {
  it.each([
    'application/json',
    'Application/JSON',
    ' application/json ; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/json; profile="a;b"',
  ])('takes %j', (type) => expect(isJsonBody(type)).toBe(true));

  it.each([
    '',
    'text/plain',
    'text/json',
    'application/jsonx',
    'application/json-seq',
    'application/vnd.api+json',
    'application/json, text/plain',
    'application/json; charset=utf-16',
    'application/json; charset=iso-8859-1',
    'multipart/form-data; x="application/json"',
  ])('refuses %j', (type) => expect(isJsonBody(type)).toBe(false));
});

describe('readAccept', () => {
  it.each([
    ['', true, true],
    ['*/*', true, true],
    ['application/json, text/event-stream', true, true],
    ['TEXT/EVENT-STREAM , Application/JSON', true, true],
    ['application/json', true, false],
    ['application/*', true, false],
    ['text/event-stream', false, true],
    ['text/*;q=0.5', false, true],
    ['text/html', false, false],
    ['*/*;q=0', false, false],
    ['text/event-stream;q=0, */*', true, false],
    ['application/json;q=0.0, text/event-stream;q=1', false, true],
    ['application/json; x="a,b;q=0"', true, false],
    ['application/json;q=nonsense', false, false],
  ])('reads %j', (accept, json, eventStream) => expect(readAccept(accept)).toEqual({ json, eventStream }));

  it('takes any text without throwing', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        readAccept(text);
        isJsonBody(text);
      }),
    );
  });
});
