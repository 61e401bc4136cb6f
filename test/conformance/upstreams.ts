import { join } from 'node:path';
import { startLegacyHttp } from '../fixtures/servers/legacy-http.ts';
import { startLegacySse } from '../fixtures/servers/legacy-sse.ts';
import { startModernHttp } from '../fixtures/servers/modern-http.ts';
import { startModernTasksHttp } from '../fixtures/servers/modern-tasks-http.ts';
import type { Listening } from '../fixtures/servers/shared/listen.ts';

/** An upstream that is ready: its entry in the configuration of the gateway, as YAML in flow style. */
export interface Ready {
  readonly entry: string;
  stop(): Promise<void>;
}

/** One row of the matrix. */
export interface MatrixUpstream {
  readonly name: string;
  /** How the table calls it. */
  readonly label: string;
  /** Whether the gateway starts a process for it once it is called. */
  readonly isProcess: boolean;
  start(): Promise<Ready>;
}

const SERVERS = join(import.meta.dirname, '..', 'fixtures', 'servers');

/** For upstreams without tasks: which of the suite's tools are to become some, and when. */
const PLAIN_RULES = {
  tools: {
    greet: { mode: 'never' },
    slow_compute: { mode: 'always' },
    failing_job: { mode: 'required' },
    protocol_error_job: { mode: 'always' },
    confirm_delete: { mode: 'always' },
    multi_input: { mode: 'always' },
    // Its question is there sooner, even of a process that has to start, and its work takes longer.
    test_tool_with_task: { mode: 'auto', promoteAfterMs: 4000 },
  },
};

/** An upstream with tasks of its own decides by itself. Without this, a client that knows no tasks could wait. */
const OWN_RULES = { tools: { failing_job: { mode: 'required' } } };

function http(start: () => Promise<Listening>, tasks: object = PLAIN_RULES): () => Promise<Ready> {
  return async () => {
    const { url, stop } = await start();
    return { entry: JSON.stringify({ url, tasks }), stop };
  };
}

/** The gateway starts the process. A legacy one can ask back only if it is not shared. */
function stdio(program: string, sharing: 'shared' | 'session'): () => Promise<Ready> {
  const command = process.execPath;
  const args = [join(SERVERS, program)];
  return async () => ({
    entry: JSON.stringify({ command, args, process: sharing, tasks: PLAIN_RULES }),
    stop: async () => undefined,
  });
}

/** Every upstream that both suites run in front of. The HTTP ones come first: they are the four pairs. */
export const UPSTREAMS: readonly MatrixUpstream[] = [
  {
    name: 'legacy-http',
    label: 'legacy-only, Streamable HTTP',
    isProcess: false,
    start: http(startLegacyHttp),
  },
  {
    name: 'modern-http',
    label: 'modern-only, Streamable HTTP',
    isProcess: false,
    start: http(startModernHttp),
  },
  { name: 'legacy-sse', label: 'legacy-only, HTTP+SSE', isProcess: false, start: http(startLegacySse) },
  {
    name: 'legacy-stdio',
    label: 'legacy-only, stdio',
    isProcess: true,
    start: stdio('legacy-stdio.ts', 'session'),
  },
  {
    name: 'modern-stdio',
    label: 'modern-only, stdio',
    isProcess: true,
    start: stdio('modern-stdio.ts', 'shared'),
  },
  {
    name: 'legacy-tasks',
    label: 'legacy-only with tasks of its own, Streamable HTTP',
    isProcess: false,
    start: http(() => startLegacyHttp({ tasks: true })),
  },
  {
    name: 'modern-tasks',
    label: 'modern-only with tasks of its own, Streamable HTTP',
    isProcess: false,
    start: http(startModernTasksHttp, OWN_RULES),
  },
];

/** The names of the rows. */
export const UPSTREAM_NAMES: readonly string[] = UPSTREAMS.map(({ name }) => name);

/** A suite, and the server of its own revision whose direct run says what every check should be. */
export interface Suite {
  readonly revision: string;
  readonly startReference: () => Promise<Listening>;
}

/** The columns of the matrix. */
export const SUITES: readonly Suite[] = [
  { revision: '2025-11-25', startReference: startLegacyHttp },
  { revision: '2026-07-28', startReference: startModernTasksHttp },
];
