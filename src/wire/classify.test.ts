import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonText } from '../lib/json-text.ts';
import { type Classified, classify } from './classify.ts';

const MODERN = '2026-07-28';
const META = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientCapabilities': {},
};

const request = (method: string, params?: unknown) => ({ jsonrpc: '2.0', id: 1, method, params });
const call = (meta: unknown) => request('tools/list', { _meta: meta });
const of = (body: unknown, version?: string): Classified =>
  classify(JsonText.of(body), version === undefined ? {} : { 'mcp-protocol-version': version });

describe('a request', () => {
  it('with a claim in _meta is modern, with or without the header', () => {
    for (const version of [undefined, MODERN]) {
      const classified = of(call(META), version);
      expect(classified).toMatchObject({ era: 'modern', kind: 'request', id: '1', method: 'tools/list' });
    }
  });

  it('keeps what its _meta says, each value as its bytes came', () => {
    const text = `{"jsonrpc":"2.0","id":9007199254740993,"method":"x","params":{"_meta":{"progressToken":12345678901234567890,"io.modelcontextprotocol/protocolVersion":"${MODERN}","io.modelcontextprotocol/clientCapabilities":{ "a":1.0 },"io.modelcontextprotocol/clientInfo":{"name":"c"},"io.modelcontextprotocol/logLevel":"info"}}}`;
    const classified = classify(JsonText.parse(Buffer.from(text)), {});
    if (classified.era !== 'modern' || classified.kind !== 'request') throw new TypeError('not modern');
    expect(classified.id).toBe('9007199254740993');
    expect(classified.meta.progressToken?.text).toBe('12345678901234567890');
    expect(classified.meta.clientCapabilities.text).toBe('{ "a":1.0 }');
    expect(classified.meta.clientInfo?.text).toBe('{"name":"c"}');
    expect(classified.meta.logLevel).toBe('info');
  });

  it.each([[undefined], ['2025-11-25'], ['2024-11-05'], ['nonsense'], ['v999.0.0'], ['2026-07-28x'], ['']])(
    'without a claim and with the header %j is legacy',
    (version) => {
      expect(of(request('tools/list'), version)).toMatchObject({
        era: 'legacy',
        messages: { method: 'tools/list' },
      });
      expect(of(call({ progressToken: 1 }), version)).toMatchObject({ era: 'legacy' });
    },
  );

  it('is not made modern by Mcp-Method and Mcp-Name, which some legacy clients send', () => {
    const headers = { 'mcp-method': 'tools/call', 'mcp-name': 'x', 'mcp-protocol-version': '2025-11-25' };
    expect(classify(JsonText.of(request('tools/list')), headers)).toMatchObject({ era: 'legacy' });
  });

  it.each([
    ['no params', request('server/discover')],
    ['no _meta', request('server/discover', {})],
    ['an empty _meta', call({})],
    ['no version', call({ 'io.modelcontextprotocol/clientCapabilities': {} })],
    ['no capabilities', call({ 'io.modelcontextprotocol/protocolVersion': MODERN })],
    ['a _meta that is no object', call(5)],
    ['a version that is no string', call({ ...META, 'io.modelcontextprotocol/protocolVersion': 20260728 })],
    ['capabilities that are no object', call({ ...META, 'io.modelcontextprotocol/clientCapabilities': [] })],
    ['client info that is no object', call({ ...META, 'io.modelcontextprotocol/clientInfo': 'me' })],
    ['a log level that is no string', call({ ...META, 'io.modelcontextprotocol/logLevel': 3 })],
    ['a progress token that is an object', call({ ...META, progressToken: {} })],
  ])('with a modern header and %s has a broken envelope', (_what, body) => {
    expect(of(body, MODERN)).toMatchObject({ era: 'refused', code: 'ENVELOPE_INVALID', id: '1' });
  });

  it('with a claim and a broken envelope is never taken as legacy', () => {
    const broken = call({ 'io.modelcontextprotocol/protocolVersion': MODERN });
    expect(of(broken)).toMatchObject({ era: 'refused', code: 'ENVELOPE_INVALID' });
    expect(of(call({ 'io.modelcontextprotocol/protocolVersion': null }))).toMatchObject({
      code: 'ENVELOPE_INVALID',
    });
  });

  it.each([
    ['another modern version', '2026-12-01'],
    ['a legacy version', '2025-11-25'],
    ['nonsense', 'x'],
  ])('whose header names %s than its _meta is a mismatch', (_what, version) => {
    expect(of(call(META), version)).toMatchObject({ era: 'refused', code: 'HEADER_MISMATCH', id: '1' });
  });

  it.each(['v999.0.0', '2099-01-01', '2025-11-25', ''])(
    'that claims %j names a version that is not served',
    (version) => {
      expect(
        of(call({ ...META, 'io.modelcontextprotocol/protocolVersion': version }), version),
      ).toMatchObject({
        era: 'refused',
        code: 'UNSUPPORTED_VERSION',
        id: '1',
        data: { supported: [MODERN], requested: version },
      });
    },
  );

  it('that fails several checks is refused for the first', () => {
    const body = call({ 'io.modelcontextprotocol/protocolVersion': 'v999.0.0' });
    expect(of(body, MODERN)).toMatchObject({ code: 'ENVELOPE_INVALID' });
    const other = call({ ...META, 'io.modelcontextprotocol/protocolVersion': 'v999.0.0' });
    expect(of(other, MODERN)).toMatchObject({ code: 'HEADER_MISMATCH' });
  });
});

describe('initialize', () => {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } };

  it('is legacy without a valid modern claim', () => {
    expect(of(request('initialize', params))).toMatchObject({ era: 'legacy' });
    expect(of(request('initialize', params), '2025-11-25')).toMatchObject({ era: 'legacy' });
    const claim = { 'io.modelcontextprotocol/protocolVersion': '2025-11-25' };
    expect(of(request('initialize', { ...params, _meta: claim }))).toMatchObject({ era: 'legacy' });
    const bare = { 'io.modelcontextprotocol/protocolVersion': MODERN };
    expect(of(request('initialize', { ...params, _meta: bare }))).toMatchObject({ era: 'legacy' });
  });

  it('is a mismatch under a modern header', () => {
    expect(of(request('initialize', params), MODERN)).toMatchObject({
      era: 'refused',
      code: 'HEADER_MISMATCH',
      id: '1',
    });
  });

  it('is modern with a valid modern claim', () => {
    expect(of(request('initialize', { ...params, _meta: META }), MODERN)).toMatchObject({
      era: 'modern',
      kind: 'request',
    });
  });
});

describe('a notification', () => {
  const notification = (params?: unknown) => ({ jsonrpc: '2.0', method: 'notifications/cancelled', params });

  it('is modern by its claim or by the header', () => {
    expect(of(notification(), MODERN)).toEqual({ era: 'modern', kind: 'notification' });
    expect(of(notification({ _meta: META }))).toEqual({ era: 'modern', kind: 'notification' });
  });

  it('is legacy otherwise', () => {
    expect(of(notification())).toMatchObject({ era: 'legacy', messages: { kind: 'notification' } });
    expect(of(notification(), '2025-06-18')).toMatchObject({ era: 'legacy' });
  });

  it('whose claim differs from the header is a mismatch without id', () => {
    expect(of(notification({ _meta: META }), '2025-11-25')).toMatchObject({
      code: 'HEADER_MISMATCH',
      id: undefined,
    });
  });
});

describe('a response', () => {
  it.each([
    ['result', { jsonrpc: '2.0', id: 1, result: {} }],
    ['error', { jsonrpc: '2.0', id: 1, error: { code: -1, message: 'x' } }],
  ])('with a %s is legacy, and refused under a modern header', (kind, body) => {
    expect(of(body, '2025-11-25')).toMatchObject({ era: 'legacy', messages: { kind } });
    expect(of(body, MODERN)).toMatchObject({ era: 'refused', code: 'INVALID_REQUEST', id: undefined });
  });
});

describe('an array', () => {
  it('is legacy, whatever stands in it, for its session knows whether it may be', () => {
    const classified = of([request('tools/list'), { jsonrpc: '2.0', method: 'notifications/initialized' }]);
    expect(classified).toMatchObject({
      era: 'legacy',
      messages: [{ kind: 'request' }, { kind: 'notification' }],
    });
    expect(of([5, {}])).toMatchObject({
      era: 'legacy',
      messages: [{ kind: 'invalid' }, { kind: 'invalid' }],
    });
  });

  it.each([
    ['it is empty', [], undefined],
    ['the header is modern', [request('tools/list')], MODERN],
    ['an item is modern', [request('tools/list'), call(META)], undefined],
  ])('is refused where %s', (_what, body, version) => {
    expect(of(body, version)).toMatchObject({ era: 'refused', code: 'INVALID_REQUEST', id: undefined });
  });
});

describe('classify', () => {
  it.each<[string, string | undefined]>([
    ['5', undefined],
    ['"x"', undefined],
    ['null', undefined],
    ['{}', undefined],
    ['{"jsonrpc":"1.0","id":7,"method":"x"}', '7'],
    ['{"jsonrpc":"2.0","id":null,"method":"x"}', undefined],
    ['{"jsonrpc":"2.0","id":1.5,"method":"x"}', undefined],
    ['{"jsonrpc":"2.0","id":{},"method":"x"}', undefined],
    ['{"jsonrpc":"2.0","id":"a","method":5}', '"a"'],
    ['{"jsonrpc":"2.0","id":1,"method":"x","params":[]}', '1'],
    ['{"jsonrpc":"2.0","id":1}', '1'],
  ])('refuses %s as no JSON-RPC message', (text, id) => {
    for (const version of [undefined, MODERN]) {
      const headers = version === undefined ? {} : { 'mcp-protocol-version': version };
      expect(classify(JsonText.parse(Buffer.from(text)), headers)).toMatchObject({
        era: 'refused',
        code: 'INVALID_REQUEST',
        id,
      });
    }
  });

  const meta = fc.record(
    {
      'io.modelcontextprotocol/protocolVersion': fc.oneof(
        fc.constantFrom(MODERN, '2025-11-25'),
        fc.jsonValue(),
      ),
      'io.modelcontextprotocol/clientCapabilities': fc.oneof(fc.constant({}), fc.jsonValue()),
      progressToken: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const message = fc.record(
    {
      jsonrpc: fc.oneof(fc.constant('2.0'), fc.jsonValue()),
      id: fc.oneof(fc.integer(), fc.string(), fc.jsonValue()),
      method: fc.oneof(fc.constantFrom('initialize', 'tools/call'), fc.jsonValue()),
      params: fc.oneof(
        fc.record({ _meta: fc.oneof(meta, fc.jsonValue()) }, { requiredKeys: [] }),
        fc.jsonValue(),
      ),
      result: fc.jsonValue(),
      error: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const body = fc.oneof(message, fc.array(message), fc.jsonValue());
  const version = fc.oneof(fc.constantFrom(undefined, MODERN, '2025-11-25'), fc.string());

  it('never throws, and gives one of its answers', () => {
    fc.assert(
      fc.property(body, version, (value, header) => {
        expect(['modern', 'legacy', 'refused']).toContain(of(value, header).era);
      }),
    );
  });

  it('never gives a body under a modern header to the legacy era', () => {
    fc.assert(fc.property(body, (value) => of(value, MODERN).era !== 'legacy'));
  });

  it('never gives a request that claims a version to the legacy era, but for initialize', () => {
    const claiming = fc.tuple(fc.string(), fc.jsonValue()).filter(([method]) => method !== 'initialize');
    fc.assert(
      fc.property(claiming, version, ([method, claim], header) => {
        const params = { _meta: { 'io.modelcontextprotocol/protocolVersion': claim } };
        return of(request(method, params), header).era !== 'legacy';
      }),
    );
  });
});
