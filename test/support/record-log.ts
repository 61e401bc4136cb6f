import { inspect } from 'node:util';
import type { Log, LogFields } from '../../src/lib/log.ts';

/** A log that remembers its lines, each with whatever its fields hold. */
export function recordLog(): { readonly log: Log; readonly lines: readonly string[] } {
  const lines: string[] = [];
  const write =
    (level: string) =>
    (message: string, fields?: LogFields): void => {
      lines.push(`${level} ${message} ${fields === undefined ? '' : inspect(fields, { depth: 8 })}`);
    };
  return {
    lines,
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
  };
}
