import type { Call, Callers, Inbound, Outcome, Principal } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { Abort, firstAbort } from '../lib/abort.ts';
import { raceAbort } from '../lib/race-abort.ts';
import type { Step } from './step.ts';

interface Known {
  readonly principal: Principal;
  readonly call: Call;
}

/**
 * Every call is somebody's: the headers prove whose (RFC 6750 §2.1), or what came before did. What a session does
 * without a request of its client is its principal's, if they may still call, and so are the attempts of a task.
 */
export function authenticate(callers: Callers): Step<Pick<Inbound, 'call' | 'headers' | 'principal'>, Known> {
  return (inbound, next) => {
    const goOn = (principal: Principal): Promise<Outcome> => {
      const call: Call = { ...inbound.call, principal: principal.key };
      if (call.method === LISTEN) return listenAs(principal, { callers, call, next });
      const outcome = next({ principal, call });
      // A session may come of it, and belongs to this principal.
      return call.method === DISCOVER ? outcome.then((known) => ({ ...known, principal })) : outcome;
    };
    const found = identify(callers, inbound);
    return found instanceof Promise ? found.then(goOn) : goOn(found);
  };
}

const DISCOVER = 'server/discover';
const LISTEN = 'subscriptions/listen';

function identify(
  { authenticate, recall }: Callers,
  { call, headers, principal }: Pick<Inbound, 'call' | 'headers' | 'principal'>,
): Principal | Promise<Principal> {
  if (principal !== undefined) return principal;
  // An attempt of a task names its owner; what a session does for itself has its session's.
  const owner = headers === undefined ? (call.legacy?.session.principal ?? call.principal) : undefined;
  return owner === undefined ? authenticate(headers) : recall(owner);
}

interface Listening {
  readonly callers: Callers;
  readonly call: Call;
  readonly next: (known: Known) => Promise<Outcome>;
}

/** A listen lasts for hours, but not longer than the right to listen. */
async function listenAs(principal: Principal, { callers, call, next }: Listening): Promise<Outcome> {
  const revoked = new Abort();
  const callOff = callers.watch(principal.key, () => revoked.abort(new GatewardError('KEY_INVALID')));
  const ended = firstAbort([call.signal, revoked]);
  try {
    return await raceAbort(next({ principal, call: { ...call, signal: ended } }), ended);
  } finally {
    callOff();
    ended.release();
  }
}
