import cluster from 'node:cluster';
import type { WorkerPort } from '../../store/bus/worker-bus.ts';
import type { StopSignal } from '../stop-signals.ts';
import type { Terminal } from '../terminal.ts';
import { type FromWorker, readMessage, type ToWorker } from './messages.ts';

/** What a worker has of the first process. */
export interface WorkerLink {
  /** Where to say things: the first process lets one worker speak for all. */
  readonly terminal: Terminal;
  readonly stop: StopSignal;
  /** Carries wake-ups to the other workers and from them. */
  readonly bus: WorkerPort;
  /** Says that the gateway serves. */
  ready(): void;
  /** Runs when the configuration is to be read again. */
  onReload(run: (why: string) => void): () => void;
}

const KINDS = ['stop', 'reload', 'bus'] as const;

/** The link of this process to the first one; undefined in a process that is no worker. */
export function linkToFirst(terminal: Terminal): WorkerLink | undefined {
  return cluster.isWorker ? createLink(terminal) : undefined;
}

function createLink({ isJson, warn }: Terminal): WorkerLink {
  const send = (message: FromWorker): void => {
    if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
  };
  const on = (run: (message: ToWorker) => void): (() => void) => {
    const take = (given: unknown): void => {
      const message = readMessage<ToWorker>(given, KINDS);
      if (message !== undefined) run(message);
    };
    process.on('message', take);
    return () => void process.off('message', take);
  };
  return {
    terminal: {
      isJson,
      say: (text) => send({ kind: 'say', text }),
      emit: (value) => send({ kind: 'emit', value }),
      warn,
    },
    stop: watchStop(on),
    bus: {
      send: (message) => send({ kind: 'bus', message }),
      onMessage: (run) => on((message) => (message.kind === 'bus' ? run(message.message) : undefined)),
    },
    ready: () => send({ kind: 'ready' }),
    onReload: (run) => on((message) => (message.kind === 'reload' ? run(message.why) : undefined)),
  };
}

/**
 * A worker stops when the first process says so or is gone, or when it is told by SIGTERM itself. SIGINT comes to every
 * process of a terminal and is the first one's to answer.
 */
function watchStop(on: (run: (message: ToWorker) => void) => () => void): StopSignal {
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  const stop = (): void => {
    controller.abort();
    resolve('SIGTERM');
  };
  const ignore = (): void => undefined;
  const off = on(({ kind }) => (kind === 'stop' ? stop() : undefined));
  process.on('SIGINT', ignore).on('SIGTERM', stop).on('disconnect', stop);
  return {
    signal: controller.signal,
    asked: promise,
    close() {
      off();
      process.off('disconnect', stop);
    },
  };
}
