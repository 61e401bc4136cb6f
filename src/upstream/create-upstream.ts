import type { HttpUpstreamConfig, StdioUpstreamConfig, UpstreamConfig } from '../config/types.ts';
import type { Seal } from '../lib/seal.ts';
import { createHttpOpener, type HttpOpenerDeps } from './http/http-opener.ts';
import type { ModernHooks } from './http/modern-exchange.ts';
import { repeatableBy } from './is-repeatable.ts';
import { createLegacyConnector } from './legacy/legacy-connector.ts';
import type { UpstreamScreen } from './legacy/server-messages.ts';
import type { Opener } from './opened.ts';
import type { Replicas } from './remote/replicas.ts';
import { createUpstream, type Upstream } from './upstream.ts';

/** What the upstreams of a gateway are made with. */
export interface UpstreamDeps extends Omit<HttpOpenerDeps, 'hooks' | 'createLegacy'> {
  /** What the catalog knows and wants to know of one upstream. */
  readonly hooksOf: (upstream: string) => Pick<ModernHooks, 'paramHeaders' | 'onHeaderMismatch'>;
  /** Makes the opener of an upstream that is a process. It tells when programs were ended that may not run any more. */
  readonly createStdioOpener: (config: StdioUpstreamConfig, onWithdrawn: () => void) => Opener;
  readonly seal: Seal;
  /** The other replicas; undefined where there are none. */
  readonly replicas?: Replicas | undefined;
  /** What a client's session is told by an upstream outside its calls goes through it. */
  readonly screen?: UpstreamScreen | undefined;
}

/** Sessions of one legacy HTTP upstream: a session is no socket, and each client's session has one of its own. */
const MAX_LEGACY_SESSIONS = 65_536;

/** Makes the upstream that a configuration describes; nothing happens before its `start`. */
export function createUpstreamOf(config: UpstreamConfig, deps: UpstreamDeps): Upstream {
  const upstream: Upstream = createUpstream({
    name: config.name,
    kind: config.kind,
    opener:
      config.kind === 'http'
        ? openerOfHttp(config, deps, () => upstream.checkSoon())
        : deps.createStdioOpener(config, () => upstream.checkNow()),
    repeatable: repeatableBy(config.repeatable),
    retireMs: config.maxTimeoutMs + config.inputTimeoutMs,
    clock: deps.clock,
    random: deps.random,
    log: deps.log,
  });
  return upstream;
}

function openerOfHttp(config: HttpUpstreamConfig, deps: UpstreamDeps, onVersionRefused: () => void): Opener {
  const { clientInfo, seal, clock, log, random, replicas, screen } = deps;
  return createHttpOpener(config, {
    ...deps,
    hooks: { ...deps.hooksOf(config.name), onVersionRefused },
    createLegacy: (createTransport) =>
      createLegacyConnector({
        upstream: config.name,
        screen: screen && ((message, session) => screen(config.name, message, session)),
        createTransport,
        sharing: 'callers',
        owned: 'sessions',
        replicas,
        repeatable: repeatableBy(config.repeatable),
        maxConnections: MAX_LEGACY_SESSIONS,
        keepsSpare: true,
        connectTimeoutMs: config.connectTimeoutMs,
        inputTimeoutMs: config.inputTimeoutMs,
        clientInfo,
        seal,
        clock,
        log,
        random,
      }),
  });
}
