import { ADMIN_PREFIX, createAdminApi } from '../admin/admin-api.ts';
import { healthPages } from '../doors/health.ts';
import type { Page } from '../doors/routes.ts';
import { cardPages } from '../doors/well-known.ts';
import type { Log } from '../lib/log.ts';
import type { Generation } from './generation.ts';
import { listTools } from './list-tools.ts';
import type { GatewayStatus, ReloadReport } from './status.ts';

/** What the pages beside the MCP endpoints show and do. */
export interface PagesParts {
  readonly adminKey: string;
  readonly log: Log;
  readonly stopping: () => boolean;
  readonly status: () => GatewayStatus;
  readonly reload: () => Promise<ReloadReport>;
}

/** Health, Server Cards and the admin API of one generation. */
export function createPages(generation: Generation, parts: PagesParts): readonly Page[] {
  const { config, catalog, upstreams } = generation;
  const admin = createAdminApi({
    key: parts.adminKey,
    status: parts.status,
    reload: parts.reload,
    tools: (server) => listTools(generation, server),
    log: parts.log,
  });
  const base = (seen: string): string => config.publicUrl ?? seen;
  const readHealth = () => {
    const states = [...upstreams.values()].map((upstream) => upstream.status());
    const ready = !parts.stopping() && states.every(({ state }) => state !== 'starting');
    const named = states.map(({ name, state }) => ({ name, state }));
    return { ready, upstreams: config.auth.keys ? undefined : named };
  };
  return [
    ...healthPages(readHealth),
    ...cardPages(config.servers, {
      card: (server, seen) => catalog.card(server, base(seen)),
      aiCatalog: (seen) => catalog.aiCatalog(base(seen)),
    }),
    { path: ADMIN_PREFIX, audience: 'own', handle: ({ request, response }) => admin(request, response) },
  ];
}
