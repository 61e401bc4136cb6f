import type { Connector } from './connector.ts';
import type { Era, Opened, Opener } from './opened.ts';
import { discoverThrough, type OwnDiscover, serverInfoOf } from './own-discover.ts';

/** A connector, and what its making found out. */
export interface MadeConnector {
  /** With its deadlines, if it is to have any. */
  readonly connector: Connector;
  readonly era: Era;
  /** What was agreed, asked each time since it may come with the first session. */
  readonly protocolVersion: () => string | undefined;
}

/** How a connector is made and asked. */
export interface ConnectorOpenerOptions extends Omit<OwnDiscover, 'signal'> {
  readonly make: (signal: AbortSignal) => Promise<MadeConnector>;
  readonly transport: Opened['transport'];
}

/** Opens what one connector reaches and keeps alive by itself, such as a process that it starts again. */
export function createConnectorOpener(options: ConnectorOpenerOptions): Opener {
  const made = new WeakMap<Connector, MadeConnector>();
  const ask = async (one: MadeConnector, signal: AbortSignal): Promise<Opened> => {
    const discover = await discoverThrough(one.connector, { ...options, signal });
    return {
      connector: one.connector,
      era: one.era,
      transport: options.transport,
      protocolVersion: one.protocolVersion(),
      serverInfo: serverInfoOf(discover),
    };
  };
  return {
    open: async (signal) => {
      const one = await options.make(signal);
      made.set(one.connector, one);
      try {
        return await ask(one, signal);
      } catch (error) {
        await one.connector.close();
        throw error;
      }
    },
    check: async (opened, signal) => {
      const one = made.get(opened.connector);
      if (one === undefined) throw new TypeError('This opener did not open it.');
      const now = await ask(one, signal);
      return now.protocolVersion === opened.protocolVersion ? opened : now;
    },
    close: async () => undefined,
  };
}
