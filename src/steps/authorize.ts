import type { Principal } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { NOTHING } from '../lib/rows.ts';
import type { Nothing, Step } from './step.ts';

/**
 * A server that the principal may not use does not exist for it: what is told is what is told of a name that nobody
 * gave. It stands above `route`, which may ask upstreams where a name leads.
 */
export const authorize: Step<{ readonly server: string; readonly principal: Principal }, Nothing> = (
  { server, principal },
  next,
) => {
  if (principal.servers?.has(server) === false) throw new GatewardError('SERVER_NOT_FOUND');
  return next(NOTHING);
};
