import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { confirm, createAsk, isYes, notConfirmed } from './confirm.ts';
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

describe('a yes that is missing', () => {
  it.each(['', 'n', 'no'])('is told in a few words after the answer %j', async (answer) => {
    await expect(confirm(async () => answer, show`Really? `)).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      message: 'Nobody agreed, so nothing was changed.',
    });
    expect(notConfirmed('--yes-dangerous', answer).message).toBe('Nobody agreed, so nothing was changed.');
  });

  it('comes with the option that agrees beforehand where nobody could be asked', async () => {
    await expect(confirm(async () => undefined, show`Really? `)).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      message:
        'Nobody agreed, so nothing was changed. Run it in a terminal, which asks, or agree beforehand with --yes.',
    });
    expect(notConfirmed('--yes-dangerous').message).toMatch(/agree beforehand with --yes-dangerous\.$/);
  });
});
