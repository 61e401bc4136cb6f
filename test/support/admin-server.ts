import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdminApi } from '../../src/admin/admin-api.ts';
import { GatewardError } from '../../src/errors.ts';
import type { ApprovalOperations } from '../../src/guard/approvals/operations.ts';
import type { TaskOperations } from '../../src/task/operations.ts';
import { recordLog } from './record-log.ts';

/** The administrator's key of every such server. */
export const ADMIN_KEY = 'k'.repeat(43);

const none = (): Promise<never> => Promise.reject(new GatewardError('APPROVAL_NOT_FOUND'));

/** Of a gateway where nothing ever waited. */
export const NO_APPROVALS: ApprovalOperations = {
  list: () => Promise.resolve({ approvals: [], next: undefined }),
  compare: () => Promise.resolve({ approvals: [], next: undefined }),
  show: none,
  decide: none,
};

/** The admin API alone, on a port of its own. */
export interface AdminServer {
  /** Without a path. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Serves the admin API of a gateway that has tasks or approvals, and neither upstreams nor servers. */
export async function startAdminServer(
  tasks: TaskOperations,
  approvals: ApprovalOperations = NO_APPROVALS,
): Promise<AdminServer> {
  const admin = createAdminApi({
    key: ADMIN_KEY,
    status: () => ({ upstreams: [], servers: [] }),
    reload: () => Promise.resolve({ changed: [] }),
    tools: () => Promise.resolve([]),
    tasks,
    approvals,
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
