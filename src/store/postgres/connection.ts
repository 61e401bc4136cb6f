import { type ClientConfig, types } from 'pg';
import { GatewardError } from '../../errors.ts';

/** How to reach a database. */
export interface Address {
  /** What `pg` takes; the password stands in the URL alone. */
  readonly config: ClientConfig;
  /** For hiding it; empty if there is none. */
  readonly password: string;
}

/** Milliseconds for a new connection, TLS and sign-in included. */
const CONNECT_MS = 1_500;
const INT8: number = types.builtins.INT8;

/**
 * Reads the URL of a database. It may carry what `pg` knows, such as `sslmode`.
 *
 * @throws GatewardError CONFIG_INVALID, which does not name the URL.
 */
export function readAddress(url: string): Address {
  const read = URL.canParse(url) ? new URL(url) : undefined;
  if (read === undefined || !['postgres:', 'postgresql:'].includes(read.protocol)) {
    throw new GatewardError('CONFIG_INVALID', {
      detail: 'The store is not a URL that begins with postgres://.',
    });
  }
  return {
    password: decode(read.password) || (read.searchParams.get('password') ?? ''),
    config: {
      connectionString: url,
      connectionTimeoutMillis: CONNECT_MS,
      application_name: 'gateward',
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      types: { getTypeParser },
    },
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whole numbers here are counts and milliseconds, all of which a number holds. */
const getTypeParser: typeof types.getTypeParser = (oid: number, format?: 'text' | 'binary') =>
  oid === INT8 && format !== 'binary' ? Number : types.getTypeParser(oid, format);
