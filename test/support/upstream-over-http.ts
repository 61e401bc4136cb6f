import { upstreamTasksSchema } from '../../src/config/schema-tasks.ts';
import type { HttpUpstreamConfig } from '../../src/config/types.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createSeal } from '../../src/lib/seal.ts';
import { createUpstreamOf } from '../../src/upstream/create-upstream.ts';
import type { Replicas } from '../../src/upstream/remote/replicas.ts';
import type { Upstream } from '../../src/upstream/upstream.ts';
import { silentLog } from './legacy-upstream.ts';
import { NO_PINS, USUAL_GUARD } from './trusting.ts';

/** What differs from an upstream of a gateway that is alone. */
export interface UpstreamChanges {
  readonly config?: Partial<HttpUpstreamConfig>;
  readonly replicas?: Replicas;
}

/** An upstream as a gateway makes it, for a server at this address. */
export function upstreamAt(url: string, { config, replicas }: UpstreamChanges = {}): Upstream {
  const whole: HttpUpstreamConfig = {
    kind: 'http',
    name: 'it',
    url,
    proxy: null,
    transport: 'auto',
    era: 'auto',
    headers: {},
    timeoutMs: 10_000,
    maxTimeoutMs: 20_000,
    connectTimeoutMs: 5_000,
    inputTimeoutMs: 5_000,
    maxConnections: 8,
    maxResponseBytes: 1_000_000,
    trusted: false,
    repeatable: false,
    tasks: upstreamTasksSchema.parse({}),
    pins: NO_PINS,
    guard: USUAL_GUARD,
    ...config,
  };
  return createUpstreamOf(whole, {
    clientInfo: { name: 'gateward', version: '0' },
    context: 'own',
    hooksOf: () => ({}),
    createStdioOpener: () => {
      throw new TypeError('No processes here.');
    },
    seal: createSeal(Buffer.alloc(32, 7)),
    clock: systemClock,
    monotonicMs: () => performance.now(),
    random: Math.random,
    log: silentLog,
    replicas,
  });
}
