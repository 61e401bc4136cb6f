/** Milliseconds that a stream is kept that has not ended, and that nothing is written to. */
export const MAX_IDLE_MS = 48 * 3_600_000;

/** The stream $1, $2 is held by $3 with the epoch $4. */
export const HELD = 'session = $1 AND stream = $2 AND holder = $3 AND epoch = $4';
