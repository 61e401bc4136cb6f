/** The wish that the process ends. */
export interface StopSignal {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** Resolves with the name of the first signal. */
  readonly asked: Promise<NodeJS.Signals>;
  /** Signals do again what they usually do. */
  close(): void;
}

const NAMES = ['SIGINT', 'SIGTERM'] as const;
/** What shells say of a process that a signal ended. */
const SIGNALLED = 128;
const NUMBERS: Readonly<Record<(typeof NAMES)[number], number>> = { SIGINT: 2, SIGTERM: 15 };

/** Watches for SIGINT and SIGTERM: the first one asks, the second one ends the process at once. */
export function watchStopSignals(target: NodeJS.Process): StopSignal {
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  const onSignal = (name: (typeof NAMES)[number]): void => {
    if (controller.signal.aborted) target.exit(SIGNALLED + NUMBERS[name]);
    controller.abort();
    resolve(name);
  };
  for (const name of NAMES) target.on(name, onSignal);
  return {
    signal: controller.signal,
    asked: promise,
    close: () => {
      for (const name of NAMES) target.off(name, onSignal);
    },
  };
}
