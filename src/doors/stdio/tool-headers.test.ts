import { describe, expect, it } from 'vitest';
import { JsonText } from '../../lib/json-text.ts';
import { createToolHeaders, mirroredHeaders } from './tool-headers.ts';

const tool = (name: string, header: unknown): object => ({
  name,
  inputSchema: { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': header } } },
});
const params = (name: string): JsonText => JsonText.of({ name, arguments: { region: 'eu-ü' } });

describe('the headers that mirror arguments', () => {
  it('are those of the tools that were listed', () => {
    const headers = createToolHeaders(() => undefined);
    expect(headers.of(params('a'))).toEqual({});
    const result = JsonText.of({ tools: [tool('a', 'Region'), { name: 'b', inputSchema: {} }] });
    expect(headers.learn(result)).toBe(result);
    expect(headers.of(params('a'))).toEqual({ 'Mcp-Param-Region': '=?base64?ZXUtw7w=?=' });
    expect(headers.of(params('b'))).toEqual({});
  });

  it('leave out a tool whose annotations are invalid, and say so', () => {
    const said: string[] = [];
    const headers = createToolHeaders((text) => said.push(text));
    const result = JsonText.of({
      tools: [tool('bad', 'no header'), tool('good', 'Region')],
      nextCursor: 'n',
    });
    expect(headers.learn(result).value()).toEqual({ tools: [tool('good', 'Region')], nextCursor: 'n' });
    expect(said).toEqual([expect.stringContaining('"bad"')]);
  });

  it('follow a tool that changed', () => {
    const headers = createToolHeaders(() => undefined);
    headers.learn(JsonText.of({ tools: [tool('a', 'Region')] }));
    headers.learn(JsonText.of({ tools: [{ name: 'a', inputSchema: {} }] }));
    expect(headers.of(params('a'))).toEqual({});
  });

  it('are left out of a result without tools, which stays as it is', () => {
    const result = JsonText.of({ tools: 'none' });
    expect(createToolHeaders(() => undefined).learn(result)).toBe(result);
  });
});

it('mirrors version, method and name', () => {
  expect(mirroredHeaders({ method: 'tools/call', version: '2026-07-28', name: 'ä' })).toEqual({
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': '=?base64?w6Q=?=',
  });
  expect(
    mirroredHeaders({ method: 'tools/list', version: '2026-07-28', name: undefined }),
  ).not.toHaveProperty('mcp-name');
});
