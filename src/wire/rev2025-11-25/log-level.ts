/** Log levels from the most talkative on (RFC 5424 §6.2.1, by the names of 2025-11-25 server/utilities/logging). */
export const LOG_LEVELS: readonly string[] = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
];

/** True when a message of this level is wanted by who asked for `level` and above. An unknown level is wanted. */
export function isWanted(messageLevel: string | undefined, level: string): boolean {
  if (messageLevel === undefined) return true;
  const rank = LOG_LEVELS.indexOf(messageLevel);
  return rank === -1 || rank >= LOG_LEVELS.indexOf(level);
}
