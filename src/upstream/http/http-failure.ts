/** What a failed HTTP exchange with an upstream means: did anything run, and what is said about it. */
import { errors } from 'undici';
import { GatewardError } from '../../errors.ts';

/** Public sentences for the usual codes of node:net, node:dns, node:tls and undici. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'It refused the connection.',
  ECONNRESET: 'It cut the connection.',
  EPIPE: 'It cut the connection.',
  UND_ERR_SOCKET: 'It cut the connection.',
  ENOTFOUND: 'Its name is not known to the DNS.',
  EAI_AGAIN: 'The DNS did not answer.',
  ETIMEDOUT: 'It did not accept the connection in time.',
  UND_ERR_CONNECT_TIMEOUT: 'It did not accept the connection in time.',
  EHOSTUNREACH: 'There is no route to it.',
  ENETUNREACH: 'There is no route to it.',
  ENOENT: 'A file of its tls settings cannot be read.',
  EACCES: 'A file of its tls settings cannot be read.',
  UND_ERR_ABORTED: 'The proxy did not open the way to it.',
  UND_ERR_PRX_CONN: 'The proxy cut the connection.',
  UND_ERR_PRX_TLS: 'The certificate of the proxy is not accepted.',
  UND_ERR_DESTROYED: 'The gateway has closed its connections.',
  UND_ERR_CLOSED: 'The gateway has closed its connections.',
};

/** OpenSSL's and Node's names for a certificate that is not accepted. */
const CERTIFICATE = /CERT|SIGNATURE|ISSUER|CRL/;
const TLS = /^ERR_(SSL|TLS)_|^EPROTO$/;

/**
 * The error for a failed exchange. Nothing was run where the request was never begun on a connection
 * (UPSTREAM_UNAVAILABLE); otherwise it may have run (UPSTREAM_LOST).
 */
export function failureOf(cause: Error, begun: boolean): GatewardError {
  if (cause instanceof GatewardError) return cause;
  if (cause instanceof errors.HTTPParserError || cause instanceof errors.HeadersOverflowError) {
    return new GatewardError('UPSTREAM_INVALID', { detail: 'It does not speak HTTP/1.1.', cause });
  }
  if (cause instanceof errors.InvalidArgumentError) {
    // Once begun, undici says so of one thing only: the proxy's 407. The proxy has then passed nothing on.
    return begun
      ? new GatewardError('UPSTREAM_UNAVAILABLE', { detail: 'The proxy asks for credentials.', cause })
      : new GatewardError('INTERNAL_ERROR', { cause });
  }
  const code = codeOf(cause);
  return new GatewardError(begun ? 'UPSTREAM_LOST' : 'UPSTREAM_UNAVAILABLE', {
    detail: reasonOf(code),
    cause,
  });
}

function codeOf(error: Error): string | undefined {
  // With several addresses tried, the errors of the attempts say more than their collection.
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return codeOf(error.errors[0]);
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function reasonOf(code: string | undefined): string | undefined {
  if (code === undefined) return undefined;
  if (CERTIFICATE.test(code)) return 'Its certificate is not accepted.';
  if (TLS.test(code)) return 'The TLS handshake failed.';
  return REASONS[code];
}

/** What an HTTP status says when no JSON-RPC answer came with it. */
export function failureOfStatus(status: number, headers: Readonly<Record<string, unknown>>): GatewardError {
  const detail = `It answered HTTP ${status}.`;
  if (status === 401 || status === 403) return new GatewardError('UPSTREAM_REFUSED', { detail });
  if (status === 429) {
    return new GatewardError('RATE_LIMITED', {
      detail: 'The MCP server behind the gateway said so.',
      retryAfterSeconds: retryAfterSeconds(headers['retry-after']),
    });
  }
  // A gateway or a server in trouble may have run the call before it failed.
  if (status >= 500) return new GatewardError('UPSTREAM_FAILED', { detail });
  if (status >= 300 && status < 400) {
    return new GatewardError('UPSTREAM_INVALID', {
      detail: `It redirects (HTTP ${status}); give the final URL in the configuration.`,
    });
  }
  return new GatewardError('UPSTREAM_INVALID', { detail });
}

/** RFC 9110 §10.2.3, as seconds only; a date depends on a clock that need not be ours. */
function retryAfterSeconds(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}
