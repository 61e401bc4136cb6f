import type { ApprovalOperations } from '../guard/approvals/operations.ts';
import type { JsonText } from '../lib/json-text.ts';
import type { Log } from '../lib/log.ts';
import type { TaskOperations } from '../task/operations.ts';

/** What the admin API works with, handed over by the composition root. */
export interface AdminParts {
  /** The administrator's key: every request must carry it. */
  readonly key: string;
  readonly status: () => AdminStatus;
  /** Reads the configuration again. Throws CONFIG_INVALID and its like, and then leaves the old one in force. */
  readonly reload: () => Promise<AdminReload>;
  /** The tools of a server as its clients see them: whole definitions, in their order. */
  readonly tools: (server: string) => Promise<readonly JsonText[]>;
  readonly tasks: TaskOperations;
  readonly approvals: ApprovalOperations;
  readonly log: Log;
}

/** The gateway as a whole. Members beyond these are passed on as they are. */
export interface AdminStatus {
  readonly upstreams: readonly Named[];
  readonly servers: readonly Named[];
}

/** One upstream or server. Members beyond its name are passed on as they are. */
export interface Named {
  readonly name: string;
}

/** What a reload did. Members beyond these are passed on as they are. */
export interface AdminReload {
  readonly changed: readonly string[];
}

/** One path of the API: answers with what is to be sent as JSON. */
export interface Resource {
  readonly method: 'GET' | 'POST';
  /** Below /admin/api/. Its one group, where it has one, is a name. */
  readonly path: RegExp;
  readonly answer: (parts: AdminParts, name: string, query: URLSearchParams) => unknown;
}
