import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSingleHeaderCheck } from './single-headers.ts';

const find = createSingleHeaderCheck();
const raw = (...pairs: [string, string][]) => pairs.flat();

describe('createSingleHeaderCheck', () => {
  it('takes headers that stand once, and any number of others', () => {
    expect(
      find(
        raw(
          ['Host', 'a'],
          ['Mcp-Name', 'x'],
          ['X-A', '1'],
          ['X-A', '2'],
          ['Mcp-Param-A', '1'],
          ['Mcp-Param-B', '1'],
        ),
      ),
    ).toBeUndefined();
  });

  it.each([
    'Host',
    'Origin',
    'Content-Type',
    'Authorization',
    'Mcp-Session-Id',
    'MCP-Protocol-Version',
    'Mcp-Method',
    'Mcp-Name',
    'Last-Event-ID',
    'Mcp-Param-Region',
  ])('finds %s twice, in any spelling, equal or not', (name) => {
    expect(find(raw([name, 'a'], ['X', ''], [name.toUpperCase(), 'a']))).toBe(name.toUpperCase());
    expect(find(raw([name.toLowerCase(), 'a'], [name, 'b']))).toBe(name);
  });

  it('finds bytes that a header may not hold', () => {
    expect(find(raw(['Host', 'caf\u00e9']))).toBe('Host');
    expect(find(raw(['Mcp-Session-Id', 'a\u0001']))).toBe('Mcp-Session-Id');
    expect(find(raw(['Authorization', 'Bearer a\u007f']))).toBe('Authorization');
  });

  it('leaves the mirrored headers to their comparison with the body', () => {
    expect(find(raw(['Mcp-Name', 'caf\u00e9'], ['MCP-Protocol-Version', '\u00ff']))).toBeUndefined();
  });

  it('finds a duplicate wherever it stands', () => {
    const other = fc.tuple(fc.constantFrom('x-a', 'accept', 'cookie', 'x-forwarded-for'), fc.string());
    fc.assert(
      fc.property(fc.array(other), fc.array(other), fc.array(other), (a, b, c) => {
        const one: [string, string] = ['mcp-name', 'v'];
        expect(find(raw(...a, one, ...b, ...c))).toBeUndefined();
        expect(find(raw(...a, one, ...b, one, ...c))).toBe('mcp-name');
      }),
    );
  });

  it('stays right when it has seen more spellings than it remembers', () => {
    const fresh = createSingleHeaderCheck();
    for (let n = 0; n < 3000; n++) fresh(raw([`x-${n}`, '']));
    expect(fresh(raw(['mCP-nAME', 'a'], ['Mcp-NAME', 'a']))).toBe('Mcp-NAME');
  });
});
