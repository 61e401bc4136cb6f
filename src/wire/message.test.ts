import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonText } from '../lib/json-text.ts';
import { readMessage, writeError, writeNotification, writeRequest, writeResult } from './message.ts';

const read = (text: string) => readMessage(JsonText.parse(Buffer.from(text)));

describe('readMessage', () => {
  it('tells requests, notifications, results and errors apart', () => {
    expect(read('{"jsonrpc":"2.0","id":1,"method":"ping"}')).toMatchObject({
      kind: 'request',
      id: '1',
      method: 'ping',
    });
    expect(read('{"jsonrpc":"2.0","method":"ping"}')).toMatchObject({ kind: 'notification', method: 'ping' });
    expect(read('{"jsonrpc":"2.0","id":"a","result":{}}')).toMatchObject({ kind: 'result', id: '"a"' });
    expect(read('{"jsonrpc":"2.0","id":null,"error":{}}')).toMatchObject({ kind: 'error', id: undefined });
  });

  it('keeps ids as they are spelled', () => {
    expect(read('{"jsonrpc":"2.0","id":9007199254740993,"method":"x"}')).toMatchObject({
      id: '9007199254740993',
    });
    expect(read('{"jsonrpc":"2.0","id":"\\u0031","method":"x"}')).toMatchObject({ id: '"\\u0031"' });
  });

  it.each([
    ['no version', '{"id":1,"method":"x"}'],
    ['another version', '{"jsonrpc":"1.0","id":1,"method":"x"}'],
    ['a null id', '{"jsonrpc":"2.0","id":null,"method":"x"}'],
    ['a fraction as id', '{"jsonrpc":"2.0","id":1.5,"method":"x"}'],
    ['an object as id', '{"jsonrpc":"2.0","id":{},"method":"x"}'],
    ['params that are a list', '{"jsonrpc":"2.0","id":1,"method":"x","params":[]}'],
    ['a method that is no string', '{"jsonrpc":"2.0","id":1,"method":7}'],
    ['a result without id', '{"jsonrpc":"2.0","result":{}}'],
    ['nothing', '{"jsonrpc":"2.0"}'],
    ['no object', '[]'],
  ])('calls a message with %s invalid', (_, text) => {
    expect(read(text).kind).toBe('invalid');
  });

  it('never throws on any JSON value, and reads back what is written', () => {
    fc.assert(
      fc.property(
        fc.json(),
        fc.string(),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (any, method, params) => {
          readMessage(JsonText.parse(Buffer.from(any)));
          fc.pre(method.isWellFormed());
          expect(readMessage(writeRequest('7', method, JsonText.of(params)))).toMatchObject({
            kind: 'request',
            method,
          });
          expect(readMessage(writeNotification(method, undefined))).toMatchObject({
            kind: 'notification',
            method,
          });
        },
      ),
    );
  });
});

describe('writeResult', () => {
  it('passes the response on, byte for byte, when nothing in it changed', () => {
    const bytes = Buffer.from('{ "jsonrpc":"2.0", "x-unknown": 1.0, "result":{"a":1}, "id":5 }');
    const message = readMessage(JsonText.parse(bytes));
    if (message.kind !== 'result') throw new TypeError('expected a result');
    expect(writeResult('5', message.result).toString()).toBe(bytes.toString());
    expect(writeResult('6', message.result).toString()).toBe('{"jsonrpc":"2.0","id":6,"result":{"a":1}}');
    expect(writeResult('5', message.result.with({ b: JsonText.of(2) })).toString()).toBe(
      '{"jsonrpc":"2.0","id":5,"result":{"a":1,"b":2}}',
    );
  });

  it('does not take a part of a result for the result', () => {
    const inner = JsonText.parse(Buffer.from('{"jsonrpc":"2.0","id":5,"result":{"result":{}}}')).at(
      'result',
      'result',
    );
    expect(inner && writeResult('5', inner).toString()).toBe('{"jsonrpc":"2.0","id":5,"result":{}}');
  });
});

describe('writeError', () => {
  it('leaves the id out where the error names no request', () => {
    expect(writeError(undefined, JsonText.of({ code: 1 })).toString()).toBe(
      '{"jsonrpc":"2.0","error":{"code":1}}',
    );
  });
});
