import { createInterface } from 'node:readline/promises';
import { GatewardError } from '../errors.ts';
import type { ShownText } from './shown-text.ts';

/** Asks the user and gives the answer without blanks at its ends; undefined where nobody can be asked. */
export type Ask = (question: ShownText) => Promise<string | undefined>;

/** The streams of a terminal. */
export interface AskStreams {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** Not standard output: that is for results. */
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** Asks on the terminal of the process. Without a terminal, or with --json, there is nobody to ask. */
export function createAsk(isJson: boolean, streams?: AskStreams): Ask {
  return async ({ text }) => {
    const { input, output } = streams ?? { input: process.stdin, output: process.stderr };
    if (isJson || input.isTTY !== true || output.isTTY !== true) return undefined;
    const lines = createInterface({ input, output });
    const { promise: ended, resolve } = Promise.withResolvers<string>();
    // An end of the input, or Ctrl-C, is a no.
    lines.once('close', () => resolve(''));
    try {
      return (await Promise.race([lines.question(text), ended])).trim();
    } finally {
      lines.close();
    }
  };
}

/** What of a command agrees beforehand. */
export type Agreeing = '--yes' | '--yes-dangerous' | '--yes --yes-dangerous';

/** Asks whether to go on. Throws NOT_CONFIRMED without a yes; `option` is what would have agreed beforehand. */
export async function confirm(ask: Ask, question: ShownText, option: Agreeing = '--yes'): Promise<void> {
  const answer = await ask(question);
  if (answer === undefined || !isYes(answer)) throw notConfirmed(option, answer);
}

/**
 * What is thrown where nobody agreed. `option` of the same command agrees beforehand: it is named where nobody could be
 * asked. Who gave an `answer` sits at a terminal, and needs no advice.
 */
export function notConfirmed(option: Agreeing, answer?: string): GatewardError {
  if (answer !== undefined) return new GatewardError('NOT_CONFIRMED');
  const detail = `Run it in a terminal, which asks, or agree beforehand with ${option}.`;
  return new GatewardError('NOT_CONFIRMED', { detail });
}

/** Whether an answer to `[y/N]` is yes. */
export function isYes(answer: string): boolean {
  return /^y(?:es)?$/i.test(answer);
}
