import { GatewardError } from '../../errors.ts';
import type { JsonText } from '../../lib/json-text.ts';
import type { LegacyTransport, TransportEvents } from '../legacy/legacy-transport.ts';
import { type ChannelOptions, didNotRun, isCrash, StdioChannel } from './stdio-channel.ts';

/** What a stdio transport is made of. */
export interface StdioTransportOptions extends ChannelOptions {
  /** Told what `initialize` agreed on. */
  readonly onVersion: (version: string) => void;
  /** Told how long a process that ended by itself has lived, in milliseconds; 0 for one that did not start. */
  readonly onCrash: (livedMs: number) => void;
}

/** A legacy server in a process of its own: one process is one session. */
export function createStdioTransport(options: StdioTransportOptions): LegacyTransport {
  return new StdioTransport(options);
}

class StdioTransport implements LegacyTransport {
  readonly tellsRequests = false;
  readonly #options: StdioTransportOptions;
  #channel: Promise<StdioChannel> | undefined;
  #closing = false;

  constructor(options: StdioTransportOptions) {
    this.#options = options;
  }

  async start(events: TransportEvents): Promise<void> {
    const { clock, onCrash } = this.#options;
    const startedAt = clock.now();
    this.#channel = StdioChannel.open(this.#options, {
      onMessage: (message) => events.onMessage(message, undefined),
      onOversized: (id) => {
        const detail = 'Its answer is larger than this gateway takes.';
        if (id !== undefined) events.onRequestFailed(id, new GatewardError('UPSTREAM_INVALID', { detail }));
      },
      onClosed: (error) => {
        if (!this.#closing && isCrash(error)) onCrash(clock.now() - startedAt);
        events.onClosed(error);
      },
    });
    await this.#channel.catch((error: unknown) => {
      if (didNotRun(error)) onCrash(0);
      throw error;
    });
  }

  async send(message: JsonText): Promise<void> {
    if (this.#channel === undefined) throw new GatewardError('UPSTREAM_UNAVAILABLE');
    await (await this.#channel).send(message);
  }

  useVersion(version: string): void {
    this.#options.onVersion(version);
  }

  /** There are no streams. */
  openStandalone(): void {}

  closeStandalone(): void {}

  async close(): Promise<void> {
    this.#closing = true;
    const channel = await this.#channel?.catch(() => undefined);
    await channel?.stop();
  }
}
