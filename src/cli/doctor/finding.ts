import type { ErrorCode } from '../../errors.ts';

/** One thing that was looked at. */
export interface Finding {
  /** A problem keeps something from working; a warning does not. */
  readonly level: 'ok' | 'warning' | 'problem';
  /** What it is about: a file, an address, an upstream, a server. */
  readonly subject: string;
  readonly message: string;
  /** How to mend it. */
  readonly cure?: string | undefined;
  readonly code?: ErrorCode | undefined;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
}
