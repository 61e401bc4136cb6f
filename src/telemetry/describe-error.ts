/** An error as data. */
export interface DescribedError {
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: DescribedError;
}

/** Causes that are followed; an error may be its own cause. */
const MAX_CAUSES = 8;

/** What is known of anything that was thrown: its message, its code, its causes, and where wanted its stack. */
export function describeError(thrown: unknown, withStack: boolean, depth = 0): DescribedError {
  if (!(thrown instanceof Error)) return { message: String(thrown) };
  const code = 'code' in thrown && isWord(thrown.code) ? String(thrown.code) : undefined;
  const isFollowed = thrown.cause !== undefined && depth < MAX_CAUSES;
  return {
    message: thrown.message === '' ? thrown.name : thrown.message,
    ...(code !== undefined && { code }),
    ...(withStack && thrown.stack !== undefined && { stack: thrown.stack }),
    ...(isFollowed && { cause: describeError(thrown.cause, withStack, depth + 1) }),
  };
}

function isWord(code: unknown): code is string | number {
  return typeof code === 'string' || typeof code === 'number';
}
