import { ERRORS, type GatewardError } from '../errors.ts';
import { escapeHidden, nameHidden } from '../lib/hidden-text.ts';

/**
 * Where a command writes: results to standard output, everything else to standard error. Whatever it is given, no
 * character that cannot be seen gets there but line ends and tabs: they stand as `<U+001B>`, in JSON as `\u001b`.
 */
export interface Terminal {
  /** Whether results are JSON: one value, or one value a line where they come bit by bit. */
  readonly isJson: boolean;
  /** Writes text with a line end, for people. Writes nothing with --json. */
  say(text: string): void;
  /** Writes one JSON value on a line. Writes nothing without --json. */
  emit(value: unknown): void;
  /** Says something that is no result, on standard error, however results are written. */
  warn(text: string): void;
}

/** Output streams as a command needs them. */
export interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

const LAYOUT = '\n\t';

/** The terminal of a process. */
export function createTerminal({ stdout, stderr }: Streams, isJson: boolean): Terminal {
  return {
    isJson,
    say: (text) => {
      if (!isJson) stdout.write(`${nameHidden(text, LAYOUT)}\n`);
    },
    emit: (value) => {
      if (isJson) stdout.write(`${escapeHidden(JSON.stringify(value))}\n`);
    },
    warn: (text) => {
      stderr.write(`${nameHidden(text, LAYOUT)}\n`);
    },
  };
}

/** Says how a command failed: on standard error for people, on standard output as `{"error":{...}}` with --json. */
export function reportError(terminal: Terminal, error: GatewardError): void {
  terminal.emit({ error: { code: error.code, message: error.message, ...error.data } });
  if (terminal.isJson) return;
  const cause = ERRORS[error.code] === ERRORS.INTERNAL_ERROR ? describeCause(error.cause) : '';
  terminal.warn(`gateward: ${error.message}${cause}`);
}

function describeCause(cause: unknown): string {
  return cause instanceof Error ? `\n${cause.stack ?? cause.message}` : '';
}
