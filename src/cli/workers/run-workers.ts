import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../../lib/backoff.ts';
import type { Log } from '../../lib/log.ts';
import type { StopSignal } from '../stop-signals.ts';
import type { Terminal } from '../terminal.ts';
import { type FromWorker, readMessage, type ToWorker } from './messages.ts';

/** What the first process works with. */
export interface WorkersOptions {
  readonly count: number;
  readonly terminal: Terminal;
  readonly log: Log;
  readonly stop: StopSignal;
  /** Milliseconds that workers have to stop by themselves. */
  readonly stopWithinMs: number;
}

const KINDS = ['say', 'emit', 'ready', 'bus'] as const;
const RESTART = { firstMs: 200, maxMs: 10_000, random: Math.random };
const FAILED = 1;

/** Runs `count` processes of this program on one port until it is told to stop, and gives the exit code. */
export async function runWorkers(options: WorkersOptions): Promise<number> {
  const { args, script } = ownCommand();
  cluster.setupPrimary({ exec: script, args });
  const workers = new Workers(options);
  process.on('exit', workers.kill);
  const onHangUp = (): void => workers.tell({ kind: 'reload', why: 'SIGHUP' });
  process.on('SIGHUP', onHangUp);
  try {
    return await workers.run();
  } finally {
    process.off('SIGHUP', onHangUp);
    process.off('exit', workers.kill);
  }
}

function ownCommand(): { script: string; args: string[] } {
  const [, script = '', ...args] = process.argv;
  return { script, args };
}

class Workers {
  readonly #options: WorkersOptions;
  readonly #running = new Set<Worker>();
  readonly #ready = new Set<Worker>();
  readonly #exited = Promise.withResolvers<number>();
  /** Lines of the worker that speaks for all. */
  #speaker: Worker | undefined;
  #allReady = false;
  #failures = 0;
  /** `ready` of the speaker waits for the others. */
  #held: (() => void)[] = [];

  constructor(options: WorkersOptions) {
    this.#options = options;
  }

  readonly kill = (): void => {
    for (const worker of this.#running) worker.process.kill('SIGKILL');
  };

  tell(message: ToWorker): void {
    for (const worker of this.#running) if (worker.isConnected()) worker.send(message);
  }

  async run(): Promise<number> {
    const { count, stop, stopWithinMs } = this.#options;
    for (let index = 0; index < count; index++) this.#fork();
    void stop.asked.then(async () => {
      this.#end();
      this.tell({ kind: 'stop' });
      await sleep(stopWithinMs, undefined, { ref: false });
      this.kill();
    });
    return await this.#exited.promise;
  }

  #fork(): void {
    const worker = cluster.fork();
    this.#running.add(worker);
    this.#speaker ??= worker;
    worker.on('message', (given: unknown) => {
      const message = readMessage<FromWorker>(given, KINDS);
      if (message !== undefined) this.#take(worker, message);
    });
    worker.on('error', () => undefined);
    worker.on('exit', (code: number | null, signal: string | null) => this.#gone(worker, { code, signal }));
  }

  #take(worker: Worker, message: FromWorker): void {
    const { terminal, count, stop } = this.#options;
    // One that was only starting when the others were told did not hear of it.
    if (stop.signal.aborted && worker.isConnected()) worker.send({ kind: 'stop' } satisfies ToWorker);
    if (message.kind === 'bus') {
      for (const other of this.#running) if (other !== worker && other.isConnected()) other.send(message);
    } else if (message.kind === 'ready') {
      this.#ready.add(worker);
      if (this.#ready.size >= count) this.#release();
    } else if (worker === this.#speaker) {
      const write = (): void =>
        message.kind === 'say' ? terminal.say(message.text) : terminal.emit(message.value);
      // What the speaker says once it is ready waits until every worker is.
      if (this.#ready.has(worker) && !this.#allReady) this.#held.push(write);
      else write();
    }
  }

  #release(): void {
    this.#allReady = true;
    this.#failures = 0;
    for (const write of this.#held.splice(0)) write();
  }

  #gone(worker: Worker, how: { readonly code: number | null; readonly signal: string | null }): void {
    const { log, stop } = this.#options;
    this.#running.delete(worker);
    this.#ready.delete(worker);
    if (this.#speaker === worker) this.#speaker = [...this.#running][0];
    if (stop.signal.aborted || !this.#allReady) {
      // A worker that cannot even start has said why, and another one could not either.
      if (!stop.signal.aborted) this.tell({ kind: 'stop' });
      if (this.#running.size === 0) this.#exited.resolve(stop.signal.aborted ? 0 : (how.code ?? FAILED));
      return;
    }
    const waitMs = backoffMs(++this.#failures, RESTART);
    log.error('a worker has ended and is started again', { ...how, pid: worker.process.pid, waitMs });
    setTimeout(() => {
      if (!stop.signal.aborted) this.#fork();
    }, waitMs);
  }

  /** Nothing is held back any more. */
  #end(): void {
    this.#release();
    if (this.#running.size === 0) this.#exited.resolve(0);
  }
}
