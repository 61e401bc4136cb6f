/** Records what a legacy transport tells its connection, and lets a test wait for it. */
import type { GatewardError } from '../../src/errors.ts';
import type { JsonText } from '../../src/lib/json-text.ts';
import type { Log } from '../../src/lib/log.ts';
import type { TransportEvents } from '../../src/upstream/legacy/legacy-transport.ts';

interface SeenMessage {
  readonly text: string;
  readonly requestId: string | undefined;
}

interface SeenFailure {
  readonly requestId: string;
  readonly code: string;
}

export class TransportRecorder {
  readonly messages: SeenMessage[] = [];
  readonly failures: SeenFailure[] = [];
  readonly closed: GatewardError[] = [];
  readonly #waiting = new Set<() => void>();

  readonly log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

  readonly events: TransportEvents = {
    onMessage: (message: JsonText, requestId) => {
      this.messages.push({ text: message.text, requestId });
      this.#wake();
      return undefined;
    },
    onRequestFailed: (requestId, error) => {
      this.failures.push({ requestId, code: error.code });
      this.#wake();
    },
    onClosed: (error) => {
      this.closed.push(error);
      this.#wake();
    },
  };

  message(index: number): Promise<SeenMessage> {
    return this.#seen(() => this.messages[index]);
  }

  failure(index: number): Promise<SeenFailure> {
    return this.#seen(() => this.failures[index]);
  }

  closing(): Promise<GatewardError> {
    return this.#seen(() => this.closed[0]);
  }

  async #seen<T>(look: () => T | undefined): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
