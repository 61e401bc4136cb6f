import type { AuthorizationContext, Call } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { InteractiveCall } from './interactive-call.ts';
import type { InteractiveCallParts, Left } from './interactive-call-parts.ts';
import type { AskedQuestion } from './parked-image.ts';
import type { ReverseRequest } from './reverse-request.ts';
import type { Seat, Seats } from './seat.ts';

/** A call of a replica that died. */
export interface Orphan extends Left {
  /** The retry that asks for it, which carries all that the call said. */
  readonly call: Call;
  readonly context: AuthorizationContext;
}

/**
 * Goes on with a call of a replica that died (DESIGN section 3, parked call): on its upstream session, where the stream
 * of its request can be resumed; otherwise by making it again, where that is safe, with the answers that were given;
 * otherwise it ends in UPSTREAM_LOST. Answers that may have been sent already are not sent again. Never rejects.
 */
export async function takeOver(
  orphan: Orphan,
  seats: Seats,
  parts: InteractiveCallParts,
): Promise<InteractiveCall> {
  const { image, answers, context } = orphan;
  // Who made the retry may give up; the call must not be lost with it.
  const call = { ...orphan.call, signal: never() };
  const restored = new InteractiveCall(parts, call, orphan);
  const doubtful = answers === 'sending';
  const taken =
    parts.repeatable && doubtful
      ? undefined
      : await resume(restored, { ...orphan, call }, seats).catch(() => undefined);
  if (taken !== undefined) restored.continueBy({ kind: 'resumed', ...taken, doubtful });
  else {
    restored.restore(image.questions.map(unheard), image.lastKey);
    restored.continueBy(
      parts.repeatable
        ? { kind: 'again', open: (repeated) => seats.open(repeated, context) }
        : { kind: 'lost', error: new GatewardError('UPSTREAM_LOST') },
    );
  }
  return restored;
}

async function resume(restored: InteractiveCall, { image, call, context }: Orphan, seats: Seats) {
  if (image.upstream === undefined) return undefined;
  const { session, requestId, lastEventId, shared } = image.upstream;
  const seat = await seats.adopt(call, context, { ...session, shared });
  // Before anything of the server comes: it may take a question back, or repeat one.
  restored.restore(questionsOn(seat, image.questions), image.lastKey);
  const exchange = seat.connection.resumeRequest({ requestId, lastEventId, owner: restored });
  try {
    await exchange.resumed;
    return { seat, exchange };
  } catch {
    seat.leave('caller');
    return undefined;
  }
}

function questionsOn({ connection }: Seat, asked: readonly AskedQuestion[]): [string, ReverseRequest][] {
  return asked.flatMap((question): [string, ReverseRequest][] => {
    const reverse = connection.restoreQuestion(question);
    return reverse === undefined ? [] : [[question.key, reverse]];
  });
}

/** A question that no server waits for any more. */
function unheard({ key, ...question }: AskedQuestion): [string, ReverseRequest] {
  return [key, { ...question, withdrawn: never(), respond: async () => true }];
}

/** A new one each time: whoever listens to it for good goes with it. */
function never(): AbortSignal {
  return new AbortController().signal;
}
