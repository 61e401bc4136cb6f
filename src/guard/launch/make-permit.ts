import type { LaunchPermit, LaunchStart, OnWithdrawn } from '../../launch-permit.ts';

/**
 * The one place that makes a permit. Only for a launch that was judged, or a program of the gateway's own, which nobody
 * withdraws.
 */
export function makePermit(start: LaunchStart, onWithdrawn: OnWithdrawn = NEVER): LaunchPermit {
  return { ...start, onWithdrawn } as LaunchPermit;
}

const NEVER: OnWithdrawn = () => () => undefined;
