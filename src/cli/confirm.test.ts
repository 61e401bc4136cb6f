import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createAsk, isYes } from './confirm.ts';
import { show } from './shown-text.ts';

function streams(isTTY: boolean) {
  return {
    input: Object.assign(new PassThrough(), { isTTY }),
    output: Object.assign(new PassThrough(), { isTTY }),
  };
}

describe('asking', () => {
  it.each(['y', 'Y', 'yes'])('takes %s for yes', async (answer) => {
    const terminal = streams(true);
    const asking = createAsk(false, terminal)(show`Really? `);
    terminal.input.write(`${answer}\n`);
    expect(isYes((await asking) ?? '')).toBe(true);
    expect(String(terminal.output.read())).toContain('Really? ');
  });

  it.each(['', 'n', 'yeah', 'y y'])('does not take %j for yes', (answer) =>
    expect(isYes(answer)).toBe(false),
  );

  it('takes the end of the input for no', async () => {
    const terminal = streams(true);
    const asking = createAsk(false, terminal)(show`Really? `);
    terminal.input.end();
    expect(await asking).toBe('');
  });

  it('asks nobody without a terminal, and nobody with --json', async () => {
    expect(await createAsk(false, streams(false))(show`Really? `)).toBeUndefined();
    expect(await createAsk(true, streams(true))(show`Really? `)).toBeUndefined();
  });
});
