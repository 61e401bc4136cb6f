import type { Call, Principal } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { NOTHING } from '../lib/rows.ts';
import type { Nothing, Step } from './step.ts';

/**
 * A session is its owner's alone. Another principal is told what an unknown session is told: that it does not exist
 * (2025-11-25 transports §Session Management: 404, whereupon the client starts anew).
 */
export const resolveSession: Step<{ readonly call: Call; readonly principal: Principal }, Nothing> = (
  { call, principal },
  next,
) => {
  const session = call.legacy?.session;
  if (session !== undefined && (session.ended.aborted || session.principal !== principal.key)) {
    throw new GatewardError('SESSION_NOT_FOUND');
  }
  return next(NOTHING);
};
