import { describe, expect, test } from 'vitest';
import { GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import { failureOfStatus } from './http/http-failure.ts';
import { judgeProbe, type ProbeAnswer, writeProbe } from './probe-era.ts';

const VERSION = '2026-07-28';
const result = (value: unknown): ProbeAnswer => ({ kind: 'result', result: JsonText.of(value) });
const error = (code: number, status: number | undefined, data?: unknown): ProbeAnswer => ({
  kind: 'error',
  error: JsonText.of({ code, message: 'no', data }),
  status,
});
const status = (code: number): ProbeAnswer => ({
  kind: 'status',
  status: code,
  error: failureOfStatus(code, {}),
});
const silent = (channel: 'http' | 'stdio'): ProbeAnswer => ({
  kind: 'silent',
  channel,
  error: new GatewardError('UPSTREAM_UNAVAILABLE'),
});
const judge = (answer: ProbeAnswer) => judgeProbe(answer, VERSION);

describe('a result', () => {
  test('with a common version is modern', () => {
    const discover = { supportedVersions: ['2027-01-01', VERSION], capabilities: {} };
    expect(judge(result(discover))).toMatchObject({ kind: 'modern', version: VERSION });
  });

  test.each([
    { supportedVersions: ['2025-11-25'], capabilities: {} },
    { supportedVersions: ['2031-01-01'], capabilities: {} },
    { supportedVersions: VERSION, capabilities: {} },
    { supportedVersions: [VERSION] },
    { supportedVersions: [7], capabilities: {} },
    {},
    [],
    'text',
  ])('%j is legacy', (value) => {
    expect(judge(result(value))).toEqual({ kind: 'legacy' });
  });
});

describe('-32022', () => {
  test('that names another common version asks to try it', () => {
    const answer = error(-32022, 400, { supported: [VERSION], requested: '2030-01-01' });
    expect(judgeProbe(answer, '2030-01-01')).toEqual({ kind: 'retry', version: VERSION });
  });

  test.each([400, undefined])('with legacy versions only is legacy (status %s)', (code) => {
    expect(judge(error(-32022, code, { supported: ['2025-11-25', '2025-06-18'] }))).toEqual({
      kind: 'legacy',
    });
  });

  test.each([[['2030-01-01']], [['2030-01-01', '2025-11-25']], [[VERSION]], [[]], [undefined]])(
    'with %j is an error, not a reason to fall back',
    (supported) => {
      expect(judge(error(-32022, 400, { supported }))).toMatchObject({
        kind: 'none',
        error: { code: 'UPSTREAM_INVALID' },
      });
    },
  );
});

test.each([-32020, -32021])('%i is modern', (code) => {
  expect(judge(error(code, 400))).toEqual({ kind: 'modern', version: VERSION, discover: undefined });
});

test.each([
  [-32601, 404],
  [-32601, 200],
  [-32602, 400],
  [-32000, 400],
  [-32601, undefined],
  [-32603, undefined],
])('%i with status %s is legacy', (code, httpStatus) => {
  expect(judge(error(code, httpStatus))).toEqual({ kind: 'legacy' });
});

test('a JSON-RPC error with status 500 is legacy only if initialize succeeds', () => {
  expect(judge(error(-32603, 500))).toMatchObject({ kind: 'ask-initialize' });
});

test.each([400, 404, 405, 406, 415])('HTTP %i without JSON-RPC asks for initialize', (code) => {
  expect(judge(status(code))).toMatchObject({ kind: 'ask-initialize', error: { code: 'UPSTREAM_INVALID' } });
});

test.each([
  [401, 'UPSTREAM_REFUSED'],
  [403, 'UPSTREAM_REFUSED'],
  [429, 'RATE_LIMITED'],
  [500, 'UPSTREAM_FAILED'],
  [503, 'UPSTREAM_FAILED'],
  [200, 'UPSTREAM_INVALID'],
  [302, 'UPSTREAM_INVALID'],
])('HTTP %i is no verdict', (code, errorCode) => {
  expect(judge(status(code))).toMatchObject({ kind: 'none', error: { code: errorCode } });
});

test('silence is no verdict on HTTP and legacy on stdio', () => {
  expect(judge(silent('http'))).toMatchObject({ kind: 'none' });
  expect(judge(silent('stdio'))).toEqual({ kind: 'legacy' });
});

test('the probe carries the envelope of the modern era', () => {
  expect(writeProbe(VERSION, JsonText.of({ name: 'gateward', version: '1' })).value()).toEqual({
    jsonrpc: '2.0',
    id: 1,
    method: 'server/discover',
    params: {
      _meta: {
        'io.modelcontextprotocol/protocolVersion': VERSION,
        'io.modelcontextprotocol/clientCapabilities': {},
        'io.modelcontextprotocol/clientInfo': { name: 'gateward', version: '1' },
      },
    },
  });
});
