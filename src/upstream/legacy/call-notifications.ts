import type { Call } from '../../call.ts';
import {
  callNotification,
  type LegacyNotification,
} from '../../wire/rev2025-11-25/upstream-notifications.ts';
import { NotificationQueue } from './notification-queue.ts';

/** What a server sends for one call before its reply, on its way to the client request that rides on the call. */
export class CallNotifications {
  readonly #queue = new NotificationQueue<LegacyNotification>(
    ({ method, params }) => method.length + (params?.bytes.length ?? 0),
  );

  push(notification: LegacyNotification): Promise<void> | undefined {
    return this.#queue.push(notification);
  }

  /** Gives what waits, and what comes, to a request of the client. `ownToken` gives the server's progress token. */
  attach(call: Call, ownToken: () => string): void {
    const { progressToken, logLevel } = call.meta;
    this.#queue.attach((notification) => {
      const written = callNotification(notification, { ownToken: ownToken(), progressToken, logLevel });
      return written === undefined ? undefined : call.notify(written);
    });
  }

  /** Keeps what comes until a request takes it. */
  detach(): void {
    this.#queue.detach();
  }

  /** Resolves once everything was taken. */
  drained(): Promise<void> | undefined {
    return this.#queue.drained();
  }

  clear(): void {
    this.#queue.clear();
  }
}
