import { describe, expect, it } from 'vitest';
import { JsonText } from '../../lib/json-text.ts';
import {
  completeResult,
  discoverResult,
  inputRequest,
  inputRequiredResult,
  modernError,
  urlInputRequests,
} from './upstream-result.ts';

const parse = (text: string) => JsonText.parse(Buffer.from(text));
const server = {
  version: '2025-11-25',
  capabilities: parse('{}'),
  serverInfo: parse('{"name":"s"}'),
  instructions: undefined,
};
const INFO = '"io.modelcontextprotocol/serverInfo":{"name":"s"}';

describe('completeResult', () => {
  it.each([
    [
      '{"big":12345678901234567890}',
      `{"big":12345678901234567890,"resultType":"complete","_meta":{${INFO}}}`,
    ],
    ['{"_meta":{"a":1.0},"resultType":"task"}', `{"_meta":{"a":1.0,${INFO}},"resultType":"complete"}`],
    ['{"_meta":null}', '{"_meta":null,"resultType":"complete"}'],
  ])('makes of %s %s', (result, modern) => {
    expect(completeResult(parse(result), server, undefined).text).toBe(modern);
  });

  it('replaces hints that the legacy era does not have', () => {
    const result = completeResult(
      parse('{"ttlMs":9,"cacheScope":"public"}'),
      { ...server, serverInfo: undefined },
      { ttlMs: 5 },
    );
    expect(result.text).toBe('{"ttlMs":5,"cacheScope":"private","resultType":"complete"}');
  });
});

describe('discoverResult', () => {
  it('offers neither form of tasks, and keeps every other extension', () => {
    const capabilities = parse(
      '{"tasks":{},"extensions":{"io.modelcontextprotocol/tasks":{},"x/y":{"a":1}},"experimental":{"z":{}}}',
    );
    const result = discoverResult({ ...server, capabilities }, { ttlMs: 0 });
    expect(result.get('capabilities')?.text).toBe('{"extensions":{"x/y":{"a":1}},"experimental":{"z":{}}}');
  });
});

it('modernError changes the code alone', () => {
  expect(modernError(parse('{"code": -32002,"message":"m","data":{"uri":"u"},"x":1}')).text).toBe(
    '{"code":-32602,"message":"m","data":{"uri":"u"},"x":1}',
  );
  expect(modernError(parse('{"code":-32022}')).text).toBe('{"code":-32603}');
  expect(modernError(parse('{"code":-32001}')).text).toBe('{"code":-32001}');
});

describe('inputRequest', () => {
  it('leaves out what the modern era has no place for, and remembers the elicitation', () => {
    const params = parse(
      '{"mode":"url","url":"u","elicitationId":"e","task":{},"_meta":{"progressToken":1}}',
    );
    expect(inputRequest('elicitation/create', params)).toMatchObject({ elicitationId: 'e' });
    expect(inputRequest('elicitation/create', params).request.text).toBe(
      '{"method":"elicitation/create","params":{"mode":"url","url":"u"}}',
    );
  });

  it('keeps other members, in their bytes', () => {
    const params = parse('{"maxTokens": 1e2,"elicitationId":"x","_meta":{"a":1,"progressToken":2}}');
    expect(inputRequest('sampling/createMessage', params).request.text).toBe(
      '{"method":"sampling/createMessage","params":{"maxTokens": 1e2,"elicitationId":"x","_meta":{"a":1}}}',
    );
    expect(inputRequest('roots/list', undefined).request.text).toBe('{"method":"roots/list"}');
  });
});

describe('urlInputRequests', () => {
  it.each([
    '{"code":-32042}',
    '{"code":-32042,"data":{"elicitations":[]}}',
    '{"code":-32042,"data":{"elicitations":[{"mode":"url"},7]}}',
    '{"code":-32602,"data":{"elicitations":[{"url":"u"}]}}',
  ])('finds nothing in %s', (error) => {
    expect(urlInputRequests(parse(error))).toBeUndefined();
  });

  it('makes one request of each entry', () => {
    const found = urlInputRequests(
      parse('{"code":-32042,"data":{"elicitations":[{"url":"a","elicitationId":"1"},{"url":"b"}]}}'),
    );
    expect(found?.map(({ request, elicitationId }) => [request.text, elicitationId])).toEqual([
      ['{"method":"elicitation/create","params":{"url":"a","mode":"url"}}', '1'],
      ['{"method":"elicitation/create","params":{"url":"b","mode":"url"}}', undefined],
    ]);
  });
});

it('inputRequiredResult keeps the order of the questions', () => {
  const requests = new Map([
    ['input-2', parse('{"a":1}')],
    ['input-1', parse('{"b":1}')],
  ]);
  expect(inputRequiredResult(requests, 's').text).toBe(
    '{"resultType":"input_required","inputRequests":{"input-2":{"a":1},"input-1":{"b":1}},"requestState":"s"}',
  );
});
