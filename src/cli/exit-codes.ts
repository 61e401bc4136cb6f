import type { ErrorCode } from '../errors.ts';

/** What the command line ends with, for scripts. Documented in docs/cli.md. */
export const EXIT = {
  ok: 0,
  /** The command ran, and failed or found something wrong. */
  failed: 1,
  /** The command line or the configuration is not valid. */
  usage: 2,
  /** No running gateway, or no server at the URL, answers. */
  unreachable: 3,
  /** The administrator's key is missing or is not the gateway's. */
  refused: 4,
  /** What was asked for does not exist. */
  notFound: 5,
  /** What was to be checked against was changed itself, so nothing can be said. */
  untrusted: 6,
} as const;

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  CONFIG_INVALID: EXIT.usage,
  CONFIG_UNREADABLE: EXIT.usage,
  INSECURE_LISTEN: EXIT.usage,
  INPUT_UNREADABLE: EXIT.usage,
  INVALID_PARAMS: EXIT.usage,
  CURSOR_INVALID: EXIT.usage,
  GATEWAY_UNREACHABLE: EXIT.unreachable,
  ADMIN_KEY_REQUIRED: EXIT.refused,
  ADMIN_NOT_FOUND: EXIT.notFound,
  APPROVAL_NOT_FOUND: EXIT.notFound,
  KEY_NOT_FOUND: EXIT.notFound,
  SEAL_INVALID: EXIT.untrusted,
  SEAL_MISSING: EXIT.notFound,
  SERVER_NOT_FOUND: EXIT.notFound,
  TASK_NOT_FOUND: EXIT.notFound,
};

/** The exit code of a command that ended in this error. */
export function exitCodeOf(code: ErrorCode): number {
  return BY_CODE[code] ?? EXIT.failed;
}
