import type { Log } from '../lib/log.ts';

/** For what a command opens for itself: it says in its own words what is wrong. */
export const SILENT_LOG: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {}
