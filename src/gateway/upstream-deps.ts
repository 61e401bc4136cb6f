import { type Call, OPERATOR } from '../call.ts';
import type { OpenCatalog } from '../catalog/catalog.ts';
import type { Source } from '../catalog/server-view.ts';
import type { AuthorizeLaunch } from '../launch-permit.ts';
import { systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Seal } from '../lib/seal.ts';
import type { UpstreamDeps } from '../upstream/create-upstream.ts';
import type { UpstreamScreen } from '../upstream/legacy/server-messages.ts';
import type { Replicas } from '../upstream/remote/replicas.ts';
import { createStdioOpener } from '../upstream/stdio/stdio-opener.ts';
import type { ProcessGroups } from '../upstream/stdio/stdio-process.ts';
import { paramHeaders } from '../wire/param-headers.ts';

/** What of the gateway the upstreams are given. */
export interface UpstreamDepsParts {
  readonly seal: Seal;
  readonly log: Log;
  readonly version: string;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** The catalog in force, and an upstream of it by name. */
  readonly catalog: () => OpenCatalog;
  readonly source: (name: string) => Source | undefined;
  /** What an upstream sends outside calls, as a client may have it. */
  readonly screen: UpstreamScreen;
  readonly authorizeLaunch: AuthorizeLaunch;
  /** Where running processes are noted, so that none outlives the gateway. */
  readonly groups: ProcessGroups;
  readonly replicas: Replicas;
}

/** What upstreams work with: the machine's time and chance, and what the catalog knows of their tools. */
export function upstreamDeps(parts: UpstreamDepsParts): UpstreamDeps {
  const { seal, log, version, now, catalog, source, groups, replicas, screen, authorizeLaunch } = parts;
  const common = {
    seal,
    log,
    clientInfo: { name: 'gateward', version },
    context: OPERATOR,
    clock: systemClock,
    monotonicMs: now,
    random: Math.random,
    replicas,
    screen,
  };
  return {
    ...common,
    createStdioOpener: (config, onWithdrawn) =>
      createStdioOpener(config, { ...common, authorizeLaunch, onWithdrawn, groups }),
    hooksOf: (name) => ({
      paramHeaders(call: Call, context) {
        const upstream = source(name);
        if (call.method !== 'tools/call' || call.name === undefined || upstream === undefined)
          return undefined;
        const annotations = catalog().definitions.knownAnnotations(upstream, call.name, context);
        if (annotations.length === 0) return undefined;
        return paramHeaders(annotations, call.message.at('params', 'arguments'));
      },
      async onHeaderMismatch(_, context) {
        const upstream = source(name);
        if (upstream !== undefined) await catalog().definitions.refresh(upstream, context);
      },
    }),
  };
}
