import { type ErrorCode, GatewardError } from '../errors.ts';

/** A program may not run until somebody acts: time alone does not mend these. */
const NEEDS_SOMEBODY: ReadonlySet<ErrorCode> = new Set([
  'LAUNCH_NOT_APPROVED',
  'LAUNCH_REFUSED',
  'SANDBOX_UNAVAILABLE',
]);

/** Whether somebody has to act before an upstream can be reached. */
export function needsSomebody(code: ErrorCode): boolean {
  return NEEDS_SOMEBODY.has(code);
}

/**
 * What calls in flight end in when their session or process does: UPSTREAM_LOST, or, where its program may not run any
 * more, the code for that. What operators read of it is not for clients.
 */
export function lostBy(error: unknown): GatewardError {
  if (!(error instanceof GatewardError) || !needsSomebody(error.code))
    return new GatewardError('UPSTREAM_LOST', { cause: error });
  const detail = 'It ran and was ended; whether the call was run is not known.';
  return new GatewardError(error.code, { detail, cause: error });
}
