/** What the first process of `serve --workers` and its workers say to each other. */

/** From a worker. */
export type FromWorker =
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'emit'; readonly value: unknown }
  /** The gateway of the worker serves. */
  | { readonly kind: 'ready' }
  | BusMessage;

/** To a worker. */
export type ToWorker =
  | { readonly kind: 'stop' }
  | { readonly kind: 'reload'; readonly why: string }
  | BusMessage;

/** A wake-up from one worker to all. */
export interface BusMessage {
  readonly kind: 'bus';
  readonly message: unknown;
}

/** Takes a message of this process's own kind; undefined for any other, such as those of `node:cluster` itself. */
export function readMessage<T extends FromWorker | ToWorker>(
  message: unknown,
  kinds: readonly T['kind'][],
): T | undefined {
  const isOurs = typeof message === 'object' && message !== null && 'kind' in message;
  return isOurs && kinds.some((kind) => kind === message.kind) ? (message as T) : undefined;
}
