import { join } from 'node:path';
import { startLegacyHttp } from '../fixtures/servers/legacy-http.ts';
import { startLegacySse } from '../fixtures/servers/legacy-sse.ts';
import { startModernHttp } from '../fixtures/servers/modern-http.ts';
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

function http(start: () => Promise<Listening>): () => Promise<Ready> {
  return async () => {
    const { url, stop } = await start();
    return { entry: `{ url: ${JSON.stringify(url)} }`, stop };
  };
}

/** The gateway starts the process. A legacy one can ask back only if it is not shared. */
function stdio(program: string, sharing: 'shared' | 'session'): () => Promise<Ready> {
  const command = JSON.stringify(process.execPath);
  const args = JSON.stringify([join(SERVERS, program)]);
  return async () => ({
    entry: `{ command: ${command}, args: ${args}, process: ${sharing} }`,
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
  { revision: '2026-07-28', startReference: startModernHttp },
];
