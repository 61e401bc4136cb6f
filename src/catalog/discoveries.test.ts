import { expect, it, vi } from 'vitest';
import { OPERATOR } from '../call.ts';
import type { Hold } from '../inspector.ts';
import { JsonText } from '../lib/json-text.ts';
import { Discoveries } from './discoveries.ts';

const quiet = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };

it('instructions that were rejected are not served, though their upstream does not answer any more', async () => {
  let isDown = false;
  let hold: Hold | undefined;
  const result = JsonText.of({ capabilities: {}, instructions: 'Call find first.' });
  const discoveries = new Discoveries({
    now: () => 0,
    log: quiet,
    inspector: { inspectInstructions: () => Promise.resolve(hold) },
  });
  const source = {
    name: 'up',
    era: () => 'modern' as const,
    call: () =>
      isDown ? Promise.reject(new TypeError('down')) : Promise.resolve({ kind: 'complete', result } as const),
  };
  const said = async (): Promise<unknown> => (await discoveries.read(source, OPERATOR))?.value();
  expect(await said()).toEqual({ capabilities: {}, instructions: 'Call find first.' });
  isDown = true;
  hold = { code: 'DEFINITION_NOT_APPROVED', id: 'x' };
  discoveries.forget('up');
  expect(await said()).toEqual({ capabilities: {} });
});
