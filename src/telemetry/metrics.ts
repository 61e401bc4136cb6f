import { Gauge, Registry } from '@prometheus-io/client';

/** What is measured of this process, to be read by Prometheus. `docs/metrics.md` lists every metric. */
export interface Metrics {
  /** Where each part registers what it measures. */
  readonly registry: Registry;
  /** Media type of what `read` gives. */
  readonly contentType: string;
  /** All of it in Prometheus's text format. */
  read(): Promise<string>;
}

/** The metrics of one process, without any but its version so far. */
export function createMetrics(version: string): Metrics {
  // A registry of its own: the client's global one would join the gateways of one process.
  const registry = new Registry();
  const info = new Gauge({
    name: 'gateward_build_info',
    help: 'Always 1; the label has the version of Gateward.',
    labelNames: ['version'],
    registers: [registry],
  });
  info.set({ version }, 1);
  return { registry, contentType: registry.contentType, read: () => registry.metrics() };
}
