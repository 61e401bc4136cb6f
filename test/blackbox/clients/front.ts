import { startLegacyHttp } from '../../fixtures/servers/legacy-http.ts';
import { startModernHttp } from '../../fixtures/servers/modern-http.ts';
import type { Listening } from '../../fixtures/servers/shared/listen.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';

/** A gateway in front of one modern and one legacy fixture. */
export interface Front {
  readonly gateway: RunningGateway;
  readonly modern: Listening;
  readonly legacy: Listening;
  /** The URL of a path of the gateway. */
  at(path: string): string;
  stop(): Promise<void>;
}

/** Starts both fixtures, and a gateway in front of them that also speaks HTTP+SSE. */
export async function startFront(): Promise<Front> {
  const [modern, legacy] = await Promise.all([startModernHttp(), startLegacyHttp()]);
  const stopFixtures = async (): Promise<void> => {
    await Promise.all([modern.stop(), legacy.stop()]);
  };
  try {
    const gateway = await startGateway({
      configText: JSON.stringify({
        listen: { port: 0, legacySse: true },
        upstreams: { modern: { url: modern.url }, legacy: { url: legacy.url } },
      }),
    });
    return {
      gateway,
      modern,
      legacy,
      at: (path) => `${gateway.url}${path}`,
      async stop() {
        try {
          await gateway.stop();
        } finally {
          await stopFixtures();
        }
      },
    };
  } catch (error) {
    await stopFixtures();
    throw error;
  }
}

/** A fixture as clients see it: at its own server, or among others. */
export interface Target {
  readonly title: string;
  readonly era: 'modern' | 'legacy';
  readonly path: string;
  /** The name under which a client sees a tool or a prompt of the fixture. */
  name(own: string): string;
  /** The URI under which a client sees a resource of the fixture. */
  uri(own: string): string;
}

const same = (own: string): string => own;

/** The modern fixture. It stands first in the configuration, so its URIs win over those of the other. */
export const MODERN_TARGETS: readonly Target[] = [
  { title: 'its own server', era: 'modern', path: '/servers/modern', name: same, uri: same },
  { title: 'the merged server', era: 'modern', path: '', name: (own) => `modern__${own}`, uri: same },
];

/** The legacy fixture. All its URIs are those of the modern one too, so in the merged server it has aliases. */
export const LEGACY_TARGETS: readonly Target[] = [
  { title: 'its own server', era: 'legacy', path: '/servers/legacy', name: same, uri: same },
  {
    title: 'the merged server',
    era: 'legacy',
    path: '',
    name: (own) => `legacy__${own}`,
    uri: (own) => `legacy+${own}`,
  },
];
