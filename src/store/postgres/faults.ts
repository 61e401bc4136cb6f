import { GatewardError } from '../../errors.ts';
import { codeOf } from '../describe-fault.ts';

/** What to do about an error of the database. */
export type Fault =
  /** The connection or the database is at fault, and may not be in a moment. */
  | 'passing'
  /** The database refuses this program: trying again changes nothing. */
  | 'refused'
  /** The statement is at fault. */
  | 'other';

/**
 * SQLSTATE codes and classes (PostgreSQL, Appendix A) that may be gone with the next attempt: connections (08),
 * transactions that were rolled back (40), resources (53), interventions (57), the system (58) and internal errors
 * (XX), as which distributed databases report nodes that are away; locks, a standby before its promotion, and named
 * statements that a pooler between here and there forgot.
 */
const PASSING = ['08', '40', '53', '57', '58', 'XX', '55P03', '25006', '26000', '42P05'];
/** Credentials (28), and a database, schema or right that is not there. */
const REFUSED = ['28', '3D', '3F', '42501'];
const UNIQUE_VIOLATION = '23505';
/** `CREATE ... IF NOT EXISTS` by two at the same time. */
const EXISTS_ALREADY = ['42P07', '42710', '42701', '42P06', UNIQUE_VIOLATION];

/** Tells what an error of `pg` means. What has no SQLSTATE comes from the connection itself. */
export function judge(error: unknown): Fault {
  const state = stateOf(error);
  if (state === undefined) return error instanceof TypeError ? 'other' : 'passing';
  if (PASSING.some((prefix) => state.startsWith(prefix))) return 'passing';
  return REFUSED.some((prefix) => state.startsWith(prefix)) ? 'refused' : 'other';
}

/** Whether a row with the same unique value is there. */
export function isConflict(error: unknown): boolean {
  return error instanceof GatewardError ? isConflict(error.cause) : codeOf(error) === UNIQUE_VIOLATION;
}

/** Whether somebody else made the same table or index meanwhile. */
export function isMadeAlready(error: unknown): boolean {
  const code = codeOf(error instanceof GatewardError ? error.cause : error);
  return code !== undefined && EXISTS_ALREADY.includes(code);
}

/** STORE_UNAVAILABLE. The cause is for the log. */
export function unavailable(cause: unknown): GatewardError {
  return new GatewardError('STORE_UNAVAILABLE', { cause, retryAfterSeconds: 1 });
}

/** The SQLSTATE; undefined for codes of the operating system, such as ECONNRESET. */
function stateOf(error: unknown): string | undefined {
  const code = codeOf(error);
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code) ? code : undefined;
}
