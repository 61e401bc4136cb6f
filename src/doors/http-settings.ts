import type { Authenticate, Handle } from '../call.ts';
import { TokenBuckets } from '../lib/token-buckets.ts';
import { addressSet } from './client-address.ts';
import { allowedOriginSet, createHostCheck } from './host-names.ts';
import type { LegacyDoor, SseDoor } from './legacy-door.ts';
import { createRouter, type Page, type Router, type ServerPath } from './routes.ts';

/** What the listener may be told anew while it runs. */
export interface HttpDoorSettings {
  readonly servers: readonly ServerPath[];
  readonly publicUrl: string | undefined;
  readonly legacySse: boolean;
  /** Hosts beside the loopback names and that of `publicUrl`; without a port, any port. */
  readonly allowedHosts: readonly string[];
  /** Origins of pages beside the gateway's own. */
  readonly allowedOrigins: readonly string[];
  /** Addresses and networks whose Forwarded and X-Forwarded headers are believed. */
  readonly trustedProxies: readonly string[];
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
  /** `requestsPerSecond: 0` is no limit. */
  readonly perAddress: { readonly requestsPerSecond: number; readonly burst: number };
  /** Health, cards, the admin API and the like. */
  readonly pages: readonly Page[];
}

/** Where requests go once they are classified. */
export interface Doors {
  /** Says who sent what does not go through the pipeline. */
  readonly authenticate: Authenticate;
  /** The pipeline at the modern door. */
  readonly modern: Handle;
  readonly legacy: LegacyDoor;
  /** Reached only with `legacySse`. */
  readonly sse: SseDoor;
}

/** The settings in the form that each request reads. */
export interface Rules {
  readonly settings: HttpDoorSettings;
  readonly route: Router;
  readonly isOwnHost: (host: string) => boolean;
  readonly origins: ReadonlySet<string>;
  /** Undefined where no proxy is trusted. */
  readonly isTrustedProxy: ((address: string) => boolean) | undefined;
  /** Undefined where there is no limit. */
  readonly buckets: TokenBuckets | undefined;
}

/** Addresses whose use is remembered: some tens of megabytes at most. */
const MAX_ADDRESSES = 100_000;

/** Computes what each request reads. `host` is the address that the listener is bound to. */
export function compileRules(settings: HttpDoorSettings, host: string): Rules {
  const { publicUrl, allowedHosts, allowedOrigins, trustedProxies, perAddress, servers } = settings;
  return {
    settings,
    route: createRouter(servers, settings),
    isOwnHost: createHostCheck({ host, publicUrl, allowedHosts }),
    origins: allowedOriginSet(publicUrl, allowedOrigins),
    isTrustedProxy: trustedProxies.length === 0 ? undefined : addressSet(trustedProxies),
    buckets:
      perAddress.requestsPerSecond === 0
        ? undefined
        : new TokenBuckets({
            perSecond: perAddress.requestsPerSecond,
            burst: perAddress.burst,
            maxKeys: MAX_ADDRESSES,
          }),
  };
}
