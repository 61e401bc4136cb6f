import { expect, it } from 'vitest';
import { OPERATOR, type Outcome } from '../call.ts';
import { JsonText } from '../lib/json-text.ts';
import { collectList } from './collect-list.ts';

const MIB = 1024 * 1024;

it('a list that never ends is read no further than to 64 MiB of text', async () => {
  const description = 'x'.repeat(4 * MIB);
  let pages = 0;
  const call = (): Promise<Outcome> => {
    pages++;
    const tools = [{ name: `tool-${pages}`, description }];
    const result = JsonText.of({ tools, nextCursor: String(pages) });
    return Promise.resolve({ kind: 'complete', result });
  };
  const source = { name: 'endless', era: () => 'modern' as const, call };
  const signal = AbortSignal.timeout(60_000);
  const { items } = await collectList({ source, kind: 'tools', context: OPERATOR, signal });
  expect(items).toHaveLength(16);
  expect(pages).toBe(16);
});
