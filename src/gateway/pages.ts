import { ADMIN_PREFIX, createAdminApi } from '../admin/admin-api.ts';
import { createMetricsPage, METRICS_PATH } from '../admin/metrics.ts';
import { healthPages } from '../doors/health.ts';
import type { Page } from '../doors/routes.ts';
import { cardPages } from '../doors/well-known.ts';
import type { ApprovalOperations } from '../guard/approvals/operations.ts';
import type { Log } from '../lib/log.ts';
import type { TaskOperations } from '../task/operations.ts';
import type { Metrics } from '../telemetry/metrics.ts';
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
  readonly tasks: TaskOperations;
  readonly approvals: ApprovalOperations;
  readonly metrics: Pick<Metrics, 'contentType' | 'read'>;
}

/** Health, metrics, Server Cards and the admin API of one generation. */
export function createPages(generation: Generation, parts: PagesParts): readonly Page[] {
  const { config, catalog, upstreams } = generation;
  const admin = createAdminApi({
    key: parts.adminKey,
    status: parts.status,
    reload: parts.reload,
    tools: (server) => listTools(generation, server),
    tasks: parts.tasks,
    approvals: parts.approvals,
    log: parts.log,
  });
  const metrics = createMetricsPage({
    key: parts.adminKey,
    keysAsked: config.auth.keys,
    contentType: parts.metrics.contentType,
    read: parts.metrics.read,
    log: parts.log,
  });
  const base = (seen: string): string => config.publicUrl ?? seen;
  const readHealth = () => {
    const all = [...upstreams.values()];
    const states = all.map((upstream) => upstream.status());
    const ready = !parts.stopping() && all.every((upstream) => upstream.isKnown());
    const named = states.map(({ name, state }) => ({ name, state }));
    return { ready, upstreams: config.auth.keys ? undefined : named };
  };
  return [
    ...healthPages(readHealth),
    { path: METRICS_PATH, audience: 'probe', handle: metrics },
    ...cardPages(config.servers, {
      card: (server, seen) => catalog.card(server, base(seen)),
      aiCatalog: (seen) => catalog.aiCatalog(base(seen)),
    }),
    { path: ADMIN_PREFIX, audience: 'own', handle: ({ request, response }) => admin(request, response) },
  ];
}
