import type { Failed } from '../call.ts';
import type { ErrorCode } from '../errors.ts';
import { backoffMs } from '../lib/backoff.ts';
import type { RetryRules } from './rules.ts';

/** What a failed attempt means for its task. */
export type AfterFailure =
  | {
      readonly kind: 'again';
      readonly delayMs: number;
      /** Whether the call may have run is not known any better than before: the attempt is still open. */
      readonly isOpen: boolean;
    }
  | { readonly kind: 'over' };

/** The attempt, and what is known of the call. */
export interface FailedAttempt {
  readonly failed: Failed;
  /** How many attempts failed, this one included. */
  readonly failures: number;
  /** Running twice does no harm. */
  readonly repeatable: boolean;
  /** The call got as far as the upstream's connector. */
  readonly sent: boolean;
  /** A replica that died may have made this very call: what this attempt met says nothing about that. */
  readonly doubtful: boolean;
}

/** The upstream, or what stands before it, says that nothing was run. */
const NOTHING_RAN: ReadonlySet<ErrorCode> = new Set(['UPSTREAM_UNAVAILABLE', 'STOPPING', 'RATE_LIMITED']);
/** Which failures an operator's word for them means. */
const NAMED: Readonly<Partial<Record<ErrorCode, string>>> = {
  UPSTREAM_LOST: 'lost',
  STORE_UNAVAILABLE: 'lost',
  UPSTREAM_TIMEOUT: 'timeout',
  UPSTREAM_FAILED: '5xx',
};

/** Whether an attempt ran nothing, and the reason may pass. */
export function ranNothing({ failed: { code }, sent }: Pick<FailedAttempt, 'failed' | 'sent'>): boolean {
  if (code === undefined) return false;
  return NOTHING_RAN.has(code) || (!sent && code === 'STORE_UNAVAILABLE');
}

/**
 * Decides whether a failed attempt is made again. Nothing is ever repeated that may have run and is not safe to repeat;
 * what ran nothing may always be tried again, as long as attempts are left.
 */
export function afterFailure(rules: RetryRules, attempt: FailedAttempt, random: () => number): AfterFailure {
  const { failed, failures, repeatable, doubtful } = attempt;
  const mayRepeat = ranNothing(attempt) || (repeatable && isNamed(rules, failed));
  if (!mayRepeat || failures >= rules.attempts) return { kind: 'over' };
  return {
    kind: 'again',
    delayMs: backoffMs(failures, { firstMs: rules.delayMs, maxMs: rules.maxDelayMs, random }),
    isOpen: doubtful && !repeatable,
  };
}

function isNamed({ on }: RetryRules, { code, error }: Failed): boolean {
  const name = code === undefined ? undefined : NAMED[code];
  if (name !== undefined) return on.some((one) => one === name);
  const rpc = Number(error.get('code')?.text);
  return code === undefined && on.some((one) => one === rpc);
}
