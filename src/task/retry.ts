import type { Failed } from '../call.ts';
import type { ErrorCode } from '../errors.ts';
import { backoffMs } from '../lib/backoff.ts';
import type { RetryRules } from './rules.ts';

/** What a failed attempt means for its task. */
export type AfterFailure = { readonly kind: 'again'; readonly delayMs: number } | { readonly kind: 'over' };

/** The attempt, and what is known of the call. */
export interface FailedAttempt {
  readonly failed: Failed;
  /** How many attempts failed, this one included. */
  readonly failures: number;
  /** Running twice does no harm. */
  readonly repeatable: boolean;
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

/**
 * Decides whether a failed attempt is made again. Nothing is ever repeated that may have run and is not safe to repeat;
 * what ran nothing may always be tried again, as long as attempts are left.
 */
export function afterFailure(rules: RetryRules, attempt: FailedAttempt, random: () => number): AfterFailure {
  const { failed, failures, repeatable } = attempt;
  const ranNothing = failed.code !== undefined && NOTHING_RAN.has(failed.code);
  const mayRepeat = ranNothing || (repeatable && isNamed(rules, failed));
  if (!mayRepeat || failures >= rules.attempts) return { kind: 'over' };
  return {
    kind: 'again',
    delayMs: backoffMs(failures, { firstMs: rules.delayMs, maxMs: rules.maxDelayMs, random }),
  };
}

function isNamed({ on }: RetryRules, { code, error }: Failed): boolean {
  const name = code === undefined ? undefined : NAMED[code];
  if (name !== undefined) return on.some((one) => one === name);
  const rpc = Number(error.get('code')?.text);
  return code === undefined && on.some((one) => one === rpc);
}
