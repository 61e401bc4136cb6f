/** The HTTP connections to one upstream. */
import { buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { GatewardError } from '../../errors.ts';
import { type TlsFiles, type TlsMaterial, TlsReader } from './tls-files.ts';

/** How the connections to one upstream are made. */
export interface DispatcherOptions {
  /** Any URL of the upstream; only its origin counts. */
  readonly url: URL;
  readonly tls?: TlsFiles | undefined;
  /** URL of an HTTP proxy, credentials included; null for a direct connection. */
  readonly proxy: string | null;
  /** Milliseconds until a connection, its TLS handshake included, must stand. */
  readonly connectTimeoutMs: number;
  /** Sockets for calls. What has to wait for one waits in order. */
  readonly maxConnections: number;
}

/**
 * The connections to one upstream, in two pools. What has a place in `streams` would stop everything if it waited for
 * a call to end: standalone streams and listens, which last for hours, and the answers and cancellations that let a
 * call go on. Nothing follows redirects, and nothing times out by itself once connected: calls have deadlines.
 */
export interface UpstreamDispatcher {
  readonly origin: string;
  readonly calls: Dispatcher;
  readonly streams: Dispatcher;
  /** Cuts every connection. Resolves when nothing is left. */
  close(): Promise<void>;
}

/** Milliseconds of silence after which the operating system asks whether the other side still lives. */
const PROBE_AFTER_MS = 30_000;
/** Below the 5 s after which Node.js servers drop an idle connection; a longer hint of the server is honoured. */
const IDLE_MS = 4_000;
const MAX_IDLE_MS = 600_000;

/** Makes the pools; connects when the first request comes. Rejects with UPSTREAM_UNAVAILABLE if a TLS file is bad. */
export async function createUpstreamDispatcher(options: DispatcherOptions): Promise<UpstreamDispatcher> {
  const { origin } = options.url;
  const reader = new TlsReader(options.tls ?? {});
  const material = await reader.read().catch((cause: unknown) => {
    throw new GatewardError('UPSTREAM_UNAVAILABLE', {
      detail: 'A file of its tls settings cannot be read.',
      cause,
    });
  });
  const make = (connections: number | null): Dispatcher =>
    options.proxy === null
      ? new Pool(origin, { ...COMMON, connections, connect: connectFresh(options, reader) })
      : new ProxyAgent({ ...COMMON, ...proxyOptions(options, material), connections });
  const calls = make(options.maxConnections);
  const streams = make(null);
  return {
    origin,
    calls,
    streams,
    close: async () => {
      await Promise.all([calls.destroy(), streams.destroy()]);
    },
  };
}

const COMMON = {
  allowH2: false,
  pipelining: 1,
  headersTimeout: 0,
  bodyTimeout: 0,
  keepAliveTimeout: IDLE_MS,
  keepAliveMaxTimeout: MAX_IDLE_MS,
};

/** Connects with the TLS files as they are now, so that a renewed certificate needs no restart. */
function connectFresh(options: DispatcherOptions, reader: TlsReader): buildConnector.connector {
  const base = {
    allowH2: false,
    timeout: options.connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelay: PROBE_AFTER_MS,
  };
  if (options.url.protocol === 'http:') return buildConnector(base);
  let current: { readonly material: TlsMaterial; readonly connect: buildConnector.connector } | undefined;
  return (target, callback) => {
    reader.read().then(
      (material) => {
        if (current?.material !== material) {
          current = { material, connect: buildConnector({ ...base, ...material }) };
        }
        current.connect(target, callback);
      },
      (error: unknown) => callback(error instanceof Error ? error : new TypeError(String(error)), null),
    );
  };
}

function proxyOptions(options: DispatcherOptions, material: TlsMaterial): ProxyAgent.Options {
  return {
    uri: options.proxy ?? '',
    connectTimeout: options.connectTimeoutMs,
    requestTls: { ...material, keepAlive: true, keepAliveInitialDelay: PROBE_AFTER_MS },
    proxyTls: { keepAlive: true, keepAliveInitialDelay: PROBE_AFTER_MS },
  };
}
