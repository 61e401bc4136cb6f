/** Opens upstreams that are reached by HTTP. */
import type { AuthorizationContext } from '../../call.ts';
import type { HttpUpstreamConfig } from '../../config/types.ts';
import type { Clock } from '../../lib/clock.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { Log } from '../../lib/log.ts';
import type { Connector } from '../connector.ts';
import { Deadlines, withDeadlines } from '../deadline.ts';
import type { LegacyTransport } from '../legacy/legacy-transport.ts';
import type { Opened, Opener } from '../opened.ts';
import { discoverThrough, serverInfoOf } from '../own-discover.ts';
import { createUpstreamDispatcher, type UpstreamDispatcher } from './dispatcher.ts';
import { createEndpoint, type HttpEndpoint } from './http-endpoint.ts';
import { within } from './http-exchange.ts';
import { createModernHttpConnector } from './http-modern.ts';
import type { ModernHooks } from './modern-exchange.ts';
import { type HttpVerdict, probeHttp } from './probe-http.ts';
import { createHttpTransport } from './transport-http.ts';
import { createSseTransport } from './transport-sse.ts';

/** What opening an HTTP upstream takes beside its configuration. */
export interface HttpOpenerDeps {
  /** Name and version that the gateway gives itself. */
  readonly clientInfo: { readonly name: string; readonly version: string };
  /** The context of what the gateway asks for itself. */
  readonly context: AuthorizationContext;
  readonly hooks: ModernHooks;
  /** Makes the connector of a legacy server out of a source of transports, one for each session. */
  readonly createLegacy: (createTransport: () => LegacyTransport) => Connector;
  readonly clock: Clock;
  /** Milliseconds of a clock that never goes back. */
  readonly monotonicMs: () => number;
  readonly random: () => number;
  readonly log: Log;
}

/** Milliseconds that finding out may take at most, whatever calls may take. */
const MAX_PROBE_MS = 30_000;

/** One upstream's opener. Connects when it is first asked. */
export function createHttpOpener(config: HttpUpstreamConfig, deps: HttpOpenerDeps): Opener {
  return new HttpOpener(config, deps);
}

class HttpOpener implements Opener {
  readonly #config: HttpUpstreamConfig;
  readonly #deps: HttpOpenerDeps;
  readonly #deadlines: Deadlines;
  readonly #probeMs: number;
  #dispatcher: Promise<UpstreamDispatcher> | undefined;

  constructor(config: HttpUpstreamConfig, deps: HttpOpenerDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#deadlines = new Deadlines({
      timeoutMs: config.timeoutMs,
      maxTimeoutMs: config.maxTimeoutMs,
      now: deps.monotonicMs,
    });
    this.#probeMs = Math.min(MAX_PROBE_MS, config.timeoutMs);
  }

  open(signal: AbortSignal): Promise<Opened> {
    return within(this.#probeMs, signal, async (bounded) => {
      const endpoint = await this.#endpoint();
      return this.#connect(endpoint, await this.#probe(endpoint, bounded, false), bounded);
    });
  }

  check(opened: Opened, signal: AbortSignal): Promise<Opened> {
    return within(this.#probeMs, signal, async (bounded) => {
      const endpoint = await this.#endpoint();
      const verdict = await this.#probe(endpoint, bounded, true);
      const version = verdict.era === 'modern' ? verdict.version : opened.protocolVersion;
      const transport = verdict.era === 'modern' ? 'http' : verdict.transport;
      const same =
        verdict.era === opened.era && transport === opened.transport && version === opened.protocolVersion;
      return same ? opened : this.#connect(endpoint, verdict, bounded);
    });
  }

  async close(): Promise<void> {
    const dispatcher = await this.#dispatcher?.catch(() => undefined);
    await dispatcher?.close();
  }

  #probe(endpoint: HttpEndpoint, signal: AbortSignal, verify: boolean): Promise<HttpVerdict> {
    const { era, transport } = this.#config;
    return probeHttp({
      endpoint,
      era,
      transport,
      verify,
      clientInfo: JsonText.of(this.#deps.clientInfo),
      signal,
    });
  }

  async #connect(endpoint: HttpEndpoint, verdict: HttpVerdict, signal: AbortSignal): Promise<Opened> {
    if (verdict.era === 'legacy') return this.#connectLegacy(endpoint, verdict.transport, signal);
    return {
      connector: createModernHttpConnector({ endpoint, deadlines: this.#deadlines, hooks: this.#deps.hooks }),
      era: 'modern',
      transport: 'http',
      protocolVersion: verdict.version,
      serverInfo: serverInfoOf(verdict.discover),
    };
  }

  /** Opens a first session: only that shows that the server takes us. */
  async #connectLegacy(
    endpoint: HttpEndpoint,
    transport: 'http' | 'sse',
    signal: AbortSignal,
  ): Promise<Opened> {
    const { clock, random, log, clientInfo, context, createLegacy } = this.#deps;
    let protocolVersion: string | undefined;
    const options = {
      endpoint,
      clock,
      random,
      log,
      onVersion: (version: string) => {
        protocolVersion = version;
      },
    };
    const create = transport === 'http' ? createHttpTransport : createSseTransport;
    const connector = withDeadlines(
      createLegacy(() => create(options)),
      this.#deadlines,
    );
    try {
      const discover = await discoverThrough(connector, { clientInfo, context, signal });
      return { connector, era: 'legacy', transport, protocolVersion, serverInfo: serverInfoOf(discover) };
    } catch (error) {
      await connector.close();
      throw error;
    }
  }

  async #endpoint(): Promise<HttpEndpoint> {
    const {
      url: text,
      tls,
      proxy,
      connectTimeoutMs,
      maxConnections,
      headers,
      maxResponseBytes,
    } = this.#config;
    const url = new URL(text);
    this.#dispatcher ??= createUpstreamDispatcher({ url, tls, proxy, connectTimeoutMs, maxConnections });
    try {
      return createEndpoint({ url, dispatcher: await this.#dispatcher, headers, maxResponseBytes });
    } catch (error) {
      this.#dispatcher = undefined;
      throw error;
    }
  }
}
