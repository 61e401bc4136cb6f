import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { contextAt, type Source } from '../catalog/server-view.ts';
import type { UpstreamConfig } from '../config/types.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { describeUpstream, type UpstreamState } from './status.ts';

/** How often an upstream that goes is looked at for calls under way. */
const LOOK_EVERY_MS = 50;

/** One upstream in service. */
export interface ServedUpstream extends Source {
  readonly config: UpstreamConfig;
  status(): UpstreamState;
  /** Whether it was ever found out how it is. */
  isKnown(): boolean;
  /** What kept it down may be gone: tries again now. */
  retry(): void;
  /** Takes it out of service: waits for the calls under way, for at most this long, and closes it. */
  retire(graceMs: number): Promise<void>;
}

/** Makes an upstream of its configuration. */
export type CreateUpstream = (config: UpstreamConfig) => Upstream;

/**
 * The upstreams of a configuration. One whose configuration did not change is taken over from the set before, with its
 * connections, processes and sessions.
 */
export function serveUpstreams(
  configs: readonly UpstreamConfig[],
  before: ReadonlyMap<string, ServedUpstream>,
  create: CreateUpstream,
): ReadonlyMap<string, ServedUpstream> {
  return new Map(
    configs.map((config) => {
      const known = before.get(config.name);
      const same = known !== undefined && isDeepStrictEqual(known.config, config);
      return [config.name, same ? known : startUpstream(config, create(config))];
    }),
  );
}

function startUpstream(config: UpstreamConfig, upstream: Upstream): ServedUpstream {
  upstream.start();
  // Processes of their own tell callers apart; all else is reached by one credential.
  const shared = config.kind === 'http' || config.process === 'shared';
  return {
    config,
    name: config.name,
    shared,
    era: () => upstream.status().era,
    perSession: config.kind === 'stdio' && config.process === 'session',
    call: (call, context) => upstream.call(call, contextAt({ shared }, context)),
    status: () => describeUpstream(config, upstream.status()),
    isKnown: () => upstream.isKnown(),
    retry: () => upstream.retry(),
    async retire(graceMs) {
      for (let leftMs = graceMs; leftMs > 0 && upstream.inFlight() > 0; leftMs -= LOOK_EVERY_MS) {
        await sleep(LOOK_EVERY_MS);
      }
      await upstream.close();
    },
  };
}
