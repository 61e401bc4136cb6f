import { isDeepStrictEqual } from 'node:util';
import type { AuthorizationContext, Call, Outcome } from '../call.ts';
import type { Source } from '../catalog/server-view.ts';
import type { UpstreamConfig } from '../config/types.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { describeUpstream, type UpstreamStatus } from './status.ts';

/** One upstream in service, with the calls that it has under way. */
export interface ServedUpstream extends Source {
  readonly config: UpstreamConfig;
  status(): UpstreamStatus;
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
  let underWay = 0;
  let onIdle: (() => void) | undefined;
  const leave = (): void => {
    underWay--;
    if (underWay === 0) onIdle?.();
  };
  return {
    config,
    name: config.name,
    era: () => upstream.status().era,
    call(call: Call, context: AuthorizationContext): Promise<Outcome> {
      underWay++;
      const outcome = upstream.call(call, context);
      outcome.then(leave, leave);
      return outcome;
    },
    status: () => describeUpstream(config, upstream.status()),
    async retire(graceMs) {
      if (underWay > 0) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const timer = setTimeout(resolve, graceMs);
        onIdle = resolve;
        await promise;
        clearTimeout(timer);
      }
      await upstream.close();
    },
  };
}
