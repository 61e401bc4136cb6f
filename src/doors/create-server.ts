import { createServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { createSecureContext } from 'node:tls';
import { ERRORS, type ErrorCode, GatewardError } from '../errors.ts';
import type { Log } from '../lib/log.ts';
import { TlsReader } from '../upstream/http/tls-files.ts';
import { failedBy } from '../wire/failure.ts';
import { writeError } from '../wire/message.ts';

/** PEM files of the listener. */
export interface ListenerTls {
  readonly cert: string;
  readonly key: string;
}

/** The listener before it listens. */
export interface Listener {
  readonly server: Server | TlsServer;
  readonly scheme: 'http' | 'https';
  /** Reads certificate and key again if they have changed. A pair that does not fit is not taken. */
  reloadTls(): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 15_000;
/** Longer than the usual idle time of load balancers, so that they close first and no request is lost. */
const KEEP_ALIVE_MS = 65_000;
const KEEP_ALIVE_PROBE_MS = 30_000;
const CHECK_INTERVAL_MS = 5000;
const MAX_HEADER_BYTES = 32 * 1024;

/** Makes the HTTP or HTTPS server with its limits. Throws LISTEN_FAILED if certificate and key are not usable. */
export async function createListener(options: {
  readonly tls: ListenerTls | undefined;
  readonly bodyTimeoutMs: number;
  readonly log: Log;
}): Promise<Listener> {
  const server: ServerOptions = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: requestTimeoutMs(options.bodyTimeoutMs),
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
    noDelay: true,
    // The guard answers these itself.
    requireHostHeader: false,
  };
  if (options.tls === undefined) {
    return { server: createServer(server), scheme: 'http', reloadTls: async () => undefined };
  }
  return createTlsListener(options.tls, server, options.log);
}

/** The last resort for a body that nobody reads; the door ends the ones it reads itself. */
export function requestTimeoutMs(bodyTimeoutMs: number): number {
  return HEADERS_TIMEOUT_MS + 2 * bodyTimeoutMs;
}

async function createTlsListener(tls: ListenerTls, options: ServerOptions, log: Log): Promise<Listener> {
  const reader = new TlsReader(tls);
  let seen = await reader.read().catch(refuseTls);
  try {
    createSecureContext(seen);
  } catch (thrown) {
    refuseTls(thrown);
  }
  const server = createTlsServer({ ...options, ...seen, handshakeTimeout: HEADERS_TIMEOUT_MS });
  const reloadTls = async () => {
    try {
      const material = await reader.read();
      if (material === seen) return;
      seen = material;
      createSecureContext(material);
      server.setSecureContext(material);
      log.info('certificate reloaded');
    } catch (thrown) {
      log.warn('certificate or key not usable, the old ones stay in force', { thrown });
    }
  };
  return { server, scheme: 'https', reloadTls };
}

function refuseTls(cause: unknown): never {
  throw new GatewardError('LISTEN_FAILED', { detail: 'Its certificate or key is not usable.', cause });
}

/** Answers bytes that are no HTTP request, and closes the connection. `busy`: an answer is already on its way. */
export function answerClientError(error: Error, socket: Duplex, busy: boolean): void {
  const reason = 'code' in error ? error.code : undefined;
  if (busy || !socket.writable || reason === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const code = codeOf(reason);
  const body = writeError(undefined, failedBy(new GatewardError(code)).error);
  const { status } = ERRORS[code];
  socket.end(
    `HTTP/1.1 ${status} ${REASONS[status] ?? 'Error'}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.toString('latin1')}`,
    'latin1',
  );
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

function codeOf(reason: unknown): ErrorCode {
  if (reason === 'HPE_HEADER_OVERFLOW') return 'HEADERS_TOO_LARGE';
  return reason === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'BODY_TIMEOUT' : 'HTTP_MALFORMED';
}
