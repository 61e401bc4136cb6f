import { Abort, type Abortable } from '../../lib/abort.ts';

/** Why a call was aborted: the client cancelled it, so it gets no response. */
export const CANCELLED = Symbol('cancelled');

/** A request of the client that has no response yet. */
export interface Flight {
  readonly abort: Abort;
  /** Its response is on its way: what the call still sends is late. */
  over: boolean;
}

/** A request of a session that is about to begin; it is over at once where the session has ended. */
export function newFlight(ended: Abortable): Flight {
  const abort = new Abort();
  if (ended.aborted) abort.abort(ended.reason);
  return { abort, over: false };
}
