/** A client of a stdio server that writes and reads lines as they are. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** One message that the server wrote. */
export type StdioMessage = Readonly<Record<string, unknown>>;

/** A started server. */
export interface StdioClient {
  /** Every line so far, parsed; a line that is no JSON is `{ line }`. */
  readonly received: readonly (StdioMessage | readonly StdioMessage[])[];
  /** The same lines as they came. */
  lines(): readonly string[];
  readonly pid: number;
  stderr(): string;
  /** Writes one line: a text as it is, anything else as JSON. */
  send(message: unknown): void;
  /** The next message that fits, those already received included. */
  next(fits: (message: StdioMessage) => boolean): Promise<StdioMessage>;
  /** Closes standard input. */
  end(): void;
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
  /** Kills it if it still runs. */
  kill(): Promise<void>;
}

const WITHIN_MS = 20_000;

/** Starts a server by its command. */
export function startStdioClient(command: readonly string[], env: NodeJS.ProcessEnv = {}): StdioClient {
  const [program = '', ...args] = command;
  const child: ChildProcess = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const received: (StdioMessage | readonly StdioMessage[])[] = [];
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  let stderr = '';
  let isOver = false;
  const wake = (): void => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  if (child.stdout === null) throw new TypeError('the server has no standard output');
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    received.push(parse(line));
    wake();
  });
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece;
  });
  child.stdin?.on('error', () => undefined);
  const ended = once(child, 'close').then(([code]: (number | null)[]) => {
    isOver = true;
    wake();
    return code ?? null;
  });
  return {
    received,
    lines: () => lines,
    pid: child.pid ?? 0,
    stderr: () => stderr,
    send: (message) => {
      child.stdin?.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`);
    },
    next: async (fits) => {
      const limit = AbortSignal.timeout(WITHIN_MS);
      limit.addEventListener('abort', wake);
      for (;;) {
        const found = received
          .flat()
          .find((message): message is StdioMessage => fits(message as StdioMessage));
        if (found !== undefined) return found;
        if (isOver || limit.aborted) {
          throw new Error(`nothing fits in ${JSON.stringify(received)}\n${stderr}`);
        }
        await new Promise<void>((resolve) => waiting.add(resolve));
      }
    },
    end: () => child.stdin?.end(),
    signal: (name) => child.kill(name),
    ended,
    kill: async () => {
      if (!isOver) child.kill('SIGKILL');
      await ended;
    },
  };
}

function parse(line: string): StdioMessage | readonly StdioMessage[] {
  try {
    return JSON.parse(line);
  } catch {
    return { line };
  }
}
