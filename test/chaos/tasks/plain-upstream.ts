import { setTimeout as sleep } from 'node:timers/promises';
import type { Listening } from '../../fixtures/servers/shared/listen.ts';
import type { Ledger } from '../ledger.ts';
import { type Asked, argumentsOf, elicit, kindCalled, seatIn, startAsked } from './answer.ts';
import { type Kind, wordingOf } from './kinds.ts';

/**
 * A server of 2026-07-28 that has never heard of tasks. A tool does what it does as soon as it is called, and goes on
 * when its caller is gone, as most do.
 */
export function startPlainUpstream(ledger: Ledger): Promise<Listening> {
  return startAsked({
    server: 'plain',
    async serve(asked) {
      if (asked.method !== 'tools/call') {
        asked.error(-32_601, 'Method not found');
        return;
      }
      const kind = kindCalled('plain', asked);
      if (kind !== undefined) await run(kind, asked, ledger);
    },
  });
}

async function run(kind: Kind, asked: Asked, ledger: Ledger): Promise<void> {
  const { token, workMs } = argumentsOf(asked);
  ledger.touch(token);
  const answers = answersSoFar(kind, asked);
  const open = kind.questions?.[answers.rounds];
  if (open !== undefined) {
    const entries = open.map((question) => [question, elicit(wordingOf(token, question))]);
    const requestState = JSON.stringify(answers);
    asked.result({ resultType: 'input_required', inputRequests: Object.fromEntries(entries), requestState });
    return;
  }
  ledger.execute(token);
  asked.onGone(() => ledger.withdraw(token));
  await sleep(workMs, undefined, { ref: false });
  if (asked.isGone()) return;
  ledger.touch(token);
  const text = [token, ...answers.seats].join(' ');
  asked.result({ content: [{ type: 'text', text }] });
}

interface Answers {
  /** Rounds of questions that were answered. */
  readonly rounds: number;
  readonly seats: readonly string[];
}

function answersSoFar(kind: Kind, { params }: Asked): Answers {
  const { requestState, inputResponses } = params;
  const before: Answers =
    requestState === undefined ? { rounds: 0, seats: [] } : JSON.parse(String(requestState));
  const questions = kind.questions?.[before.rounds];
  if (inputResponses === undefined || questions === undefined) return before;
  const seats = questions.map((question) => seatIn(Object(inputResponses)[question]));
  return { rounds: before.rounds + 1, seats: [...before.seats, ...seats] };
}
