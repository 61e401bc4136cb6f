/** Causes that are followed; an error may be its own cause. */
const MAX_CAUSES = 8;

/** Why an upstream was lost: its process is gone. */
export class ProcessEnded extends Error {
  override readonly name = 'ProcessEnded';

  /** `how` is an exit code or the name of a signal. */
  constructor(how: string) {
    super(`Its process ended with ${how}.`);
  }
}

/**
 * The message of an error for who looks at the upstream. If a process that ended is behind it, that is said too, and where
 * the reason stands: what a process writes is only in the log, since it may hold what status pages must not.
 */
export function explainDown(error: Error): string {
  let cause: unknown = error;
  for (let depth = 0; depth < MAX_CAUSES && cause instanceof Error; depth++) {
    if (cause instanceof ProcessEnded)
      return `${error.message} ${cause.message} What it wrote to standard error is in the log.`;
    cause = cause.cause;
  }
  return error.message;
}
