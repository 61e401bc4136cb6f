import type { ServerConfig, UpstreamConfig } from '../config/types.ts';
import type { ErrorCode } from '../errors.ts';
import type { UpstreamStatus as Watched } from '../upstream/upstream.ts';

/** The gateway as operators see it. Holds no secret. */
export interface GatewayStatus {
  /** Scheme and authority under which clients reach it. */
  readonly url: string;
  readonly version: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly configFile: string;
  readonly lastReload: ReloadReport | undefined;
  readonly upstreams: readonly UpstreamStatus[];
  readonly servers: readonly ServerStatus[];
}

/** One upstream with what clients do not see of it. */
export interface UpstreamStatus extends UpstreamState {
  /** How many things of it are kept from clients until they are approved: what it offers, its instructions, its identity. */
  readonly held: number;
}

/** One upstream: what it is, whether it answers, and why not. */
export interface UpstreamState {
  readonly name: string;
  readonly kind: UpstreamConfig['kind'];
  /** Its URL without query, or its command line without environment. */
  readonly target: string;
  readonly state: 'starting' | 'up' | 'down';
  readonly era: 'modern' | 'legacy' | undefined;
  readonly protocolVersion: string | undefined;
  readonly serverInfo: { readonly name: string; readonly version: string } | undefined;
  /** When the state began: ISO 8601. */
  readonly since: string;
  readonly lastError: string | undefined;
  readonly lastErrorCode: ErrorCode | undefined;
  /** When it is tried again: ISO 8601. */
  readonly nextTryAt: string | undefined;
}

/** One server: where clients find it and what it is made of. */
export interface ServerStatus {
  readonly name: string;
  readonly path: string;
  readonly url: string;
  readonly upstreams: readonly string[];
  readonly public: boolean;
}

/** What a reload did. */
export interface ReloadReport {
  /** ISO 8601. */
  readonly at: string;
  /** Upstreams and servers that were added, removed or changed, and other keys that took effect. */
  readonly changed: readonly string[];
  /** Keys whose change takes effect when the gateway is started again. */
  readonly needsRestart: readonly string[];
  readonly warnings: readonly string[];
}

/** The servers of a configuration as operators see them. */
export function describeServers(servers: readonly ServerConfig[], url: string): ServerStatus[] {
  return servers.map(({ name, path, sources, public: isPublic }) => ({
    name,
    path,
    url: `${url}${path}`,
    upstreams: sources.map(({ upstream }) => upstream),
    public: isPublic,
  }));
}

/** An upstream as operators see it. */
export function describeUpstream(config: UpstreamConfig, watched: Watched): UpstreamState {
  const name = watched.serverInfo?.get('name')?.string();
  const version = watched.serverInfo?.get('version')?.string();
  return {
    name: config.name,
    kind: config.kind,
    target: describeTarget(config),
    state: watched.state,
    era: watched.era,
    protocolVersion: watched.protocolVersion,
    serverInfo: name === undefined ? undefined : { name, version: version ?? '' },
    since: isoTime(watched.since),
    lastError: watched.lastError?.text,
    lastErrorCode: watched.lastError?.code,
    nextTryAt: watched.nextTryAt === undefined ? undefined : isoTime(watched.nextTryAt),
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** What an upstream is, for people: no query, no credentials, no environment. */
function describeTarget(config: UpstreamConfig): string {
  if (config.kind === 'stdio') return [config.command, ...config.args].join(' ');
  const { origin, pathname } = new URL(config.url);
  return `${origin}${pathname}`;
}
