import { GatewardError } from '../../errors.ts';
import type { LaunchPermit } from '../../launch-permit.ts';
import type { Clock } from '../../lib/clock.ts';
import { JsonRefused } from '../../lib/json-scan.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { Log } from '../../lib/log.ts';
import { type Line, LineReader, writeLine } from '../../wire/lines.ts';
import { ProcessEnded } from '../process-ended.ts';
import { StderrLog } from './stderr-log.ts';
import { type ProcessGroups, StdioProcess } from './stdio-process.ts';

/** What a channel to an upstream's process is made of. */
export interface ChannelOptions {
  /** Name of the upstream in the configuration, for the log. */
  readonly upstream: string;
  /** Asks for a permit: before each start, since none is kept. */
  readonly authorize: () => Promise<LaunchPermit>;
  /** Told when a program was ended since it may not run any more. */
  readonly onWithdrawn: () => void;
  /** Milliseconds that the process has after its stdin was closed, and again after SIGTERM. */
  readonly stopMs: number;
  /** Bytes that one message may have. */
  readonly maxMessageBytes: number;
  readonly groups: ProcessGroups;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a channel tells. */
export interface ChannelEvents {
  /** A promise asks to read no further until then. */
  readonly onMessage: (message: JsonText) => Promise<void> | undefined;
  /** A message was longer than allowed; `id` is the raw id of the request that it answers, if it can be told. */
  readonly onOversized: (id: string | undefined) => void;
  /**
   * The process is gone, and everything that it said was read: UPSTREAM_LOST. Or its launch is not allowed any more: the
   * error says so, and nothing of what it still says is read.
   */
  readonly onClosed: (error: GatewardError) => void;
}

/** Messages that are logged as unreadable, for each process; servers that print to stdout do it often. */
const MAX_COMPLAINTS = 5;
const COMPLAINT_CHARACTERS = 200;

/** A process and the messages on its standard streams: one a line (stdio 2026-07-28 and 2025-11-25). */
export class StdioChannel {
  readonly #options: ChannelOptions;
  readonly #events: ChannelEvents;
  readonly #reader: LineReader;
  #complaints = 0;
  #stopped = false;
  #isWithdrawn = false;
  #process: StdioProcess | undefined;

  private constructor(options: ChannelOptions, events: ChannelEvents) {
    this.#options = options;
    this.#events = events;
    this.#reader = new LineReader(options.maxMessageBytes);
  }

  /** Starts the process. Throws what `authorize` throws, and LAUNCH_FAILED. */
  static async open(options: ChannelOptions, events: ChannelEvents): Promise<StdioChannel> {
    const channel = new StdioChannel(options, events);
    const permit = await options.authorize();
    const callOff = permit.onWithdrawn((error) => channel.#withdraw(error));
    try {
      channel.#process = await channel.#start(permit, callOff);
    } catch (thrown) {
      callOff();
      throw thrown;
    }
    if (channel.#isWithdrawn) void channel.#process.end();
    return channel;
  }

  /** Writes one message. Throws UPSTREAM_UNAVAILABLE if the process does not take it. */
  async send(message: JsonText): Promise<void> {
    if (this.#process === undefined) throw new GatewardError('UPSTREAM_UNAVAILABLE');
    await this.#process.write(writeLine(message));
  }

  /** Ends the process. Resolves when nothing is left. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#process?.stop();
  }

  #start(permit: LaunchPermit, onEnd: () => void): Promise<StdioProcess> {
    const stderr = new StderrLog(this.#options.upstream, this.#options);
    const events = {
      onStdout: (chunk: Buffer) => (this.#isWithdrawn ? undefined : this.#read(this.#reader.push(chunk))),
      onStderr: (chunk: Buffer) => stderr.push(chunk),
      onExit: (how: string) => {
        onEnd();
        stderr.end();
        this.#exited(how);
      },
    };
    return StdioProcess.start(permit, events, this.#options);
  }

  /** Calls end before the program does. */
  #withdraw(error: GatewardError): void {
    if (this.#isWithdrawn) return;
    this.#isWithdrawn = true;
    const { upstream, log, onWithdrawn } = this.#options;
    log.warn('a program is ended, since it may not run any more', { upstream, code: error.code });
    void this.#process?.end();
    this.#events.onClosed(error);
    onWithdrawn();
  }

  /** Takes lines until one asks to wait; then goes on after it. */
  #read(lines: Generator<Line>): Promise<void> | undefined {
    for (const line of lines) {
      const wait = this.#take(line);
      if (wait !== undefined) return wait.then(() => this.#read(lines));
    }
    return undefined;
  }

  #take(line: Line): Promise<void> | undefined {
    if (line.kind === 'oversized') {
      this.#complain('upstream sent a message that is too long', line.head);
      this.#events.onOversized(idOf(line));
      return undefined;
    }
    const message = this.#parse(line.bytes);
    return message === undefined ? undefined : this.#events.onMessage(message);
  }

  #parse(bytes: Buffer): JsonText | undefined {
    if (isBlank(bytes)) return undefined;
    try {
      return JsonText.parse(bytes);
    } catch (error) {
      if (!(error instanceof JsonRefused)) throw error;
      this.#complain('upstream wrote something to stdout that is no message', bytes);
      return undefined;
    }
  }

  #complain(message: string, bytes: Buffer): void {
    if (++this.#complaints > MAX_COMPLAINTS) return;
    const text = bytes.subarray(0, COMPLAINT_CHARACTERS).toString('utf8');
    this.#options.log.warn(message, { upstream: this.#options.upstream, text });
  }

  #exited(how: string): void {
    const { upstream, log } = this.#options;
    if (this.#isWithdrawn) return;
    if (!this.#stopped) log.warn('the process of an upstream ended', { upstream, how });
    this.#events.onClosed(new GatewardError('UPSTREAM_LOST', { cause: new ProcessEnded(how) }));
  }
}

/** Whether a start failed that was allowed. One that waits for an approval is no failure of the program. */
export function didNotRun(error: unknown): boolean {
  return !(error instanceof GatewardError) || error.code === 'LAUNCH_FAILED';
}

/** Whether a process ended by itself. One that may not run any more did not fail. */
export function isCrash({ code }: GatewardError): boolean {
  return code === 'UPSTREAM_LOST';
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09);
}

const ID_FIRST = /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d+)\s*,/;
const ID_LAST = /,\s*"id"\s*:\s*(\d+)\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/;

/** The id of a message of which only both ends are there: servers write it first or last. */
function idOf({ head, tail }: Extract<Line, { kind: 'oversized' }>): string | undefined {
  return (ID_FIRST.exec(head.toString('latin1')) ?? ID_LAST.exec(tail.toString('latin1')))?.[1];
}
