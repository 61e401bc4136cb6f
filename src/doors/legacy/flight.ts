import { Abort } from '../../lib/abort.ts';

/** Why a call was aborted: the client cancelled it, so it gets no response. */
export const CANCELLED = Symbol('cancelled');

/** A request of the client that has no response yet. */
export interface Flight {
  readonly abort: Abort;
  /** Its response is on its way: what the call still sends is late. */
  over: boolean;
}

/** A request that is about to begin. */
export function newFlight(): Flight {
  return { abort: new Abort(), over: false };
}
