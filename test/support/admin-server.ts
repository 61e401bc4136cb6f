import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdminApi } from '../../src/admin/admin-api.ts';
import type { TaskOperations } from '../../src/task/operations.ts';
import { recordLog } from './record-log.ts';

/** The administrator's key of every such server. */
export const ADMIN_KEY = 'k'.repeat(43);

/** The admin API alone, on a port of its own. */
export interface AdminServer {
  /** Without a path. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Serves the admin API of a gateway that has tasks, and neither upstreams nor servers. */
export async function startAdminServer(tasks: TaskOperations): Promise<AdminServer> {
  const admin = createAdminApi({
    key: ADMIN_KEY,
    status: () => ({ upstreams: [], servers: [] }),
    reload: () => Promise.resolve({ changed: [] }),
    tools: () => Promise.resolve([]),
    tasks,
    log: recordLog().log,
  });
  const server = createServer((request, response) => void admin(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
