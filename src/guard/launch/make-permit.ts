import type { LaunchPermit, LaunchStart } from '../../launch-permit.ts';

/** The one place that makes a permit. Only for a launch that was judged, or a program of the gateway's own. */
export function makePermit(start: LaunchStart): LaunchPermit {
  return start as LaunchPermit;
}
