import { stat } from 'node:fs/promises';

/** What is watched, and what happens on a change. */
export interface WatchOptions {
  /** Absolute paths. One that does not exist is watched for its coming. */
  readonly files: readonly string[];
  /** Called once for each settled change, with the files that differ. Must not throw. */
  readonly onChange: (files: readonly string[]) => void;
  /** Milliseconds between two looks. A change is reported when two looks in a row agree. */
  readonly pollMs?: number | undefined;
}

/** A running watch. */
export interface Watch {
  /** Looks now. The timer does the same. Never throws. */
  readonly check: () => Promise<void>;
  /** Watches these files from here on. Those that are new count as seen. */
  readonly setFiles: (files: readonly string[]) => void;
  /** Ends the watch: nothing is reported afterwards. */
  readonly close: () => void;
}

const POLL_MS = 1000;

/**
 * Watches files for changes until it is closed, without keeping the process alive.
 *
 * It compares what the path leads to (device, inode, size and times), so it sees files that editors replace, symbolic
 * links that Kubernetes swaps and files on network disks, which events of the file system do not report alike.
 */
export function watchFiles({ files, onChange, pollMs = POLL_MS }: WatchOptions): Watch {
  let open = true;
  let known = new Map<string, string | undefined>(files.map((file) => [file, undefined]));
  let last: ReadonlyMap<string, string> = new Map();
  let running: Promise<void> | undefined;

  async function look(): Promise<void> {
    const current = await fingerprints([...known.keys()]);
    if (!open) return;
    const changed: string[] = [];
    for (const [file, mark] of current) {
      if (!known.has(file)) continue;
      const before = known.get(file);
      const settled = last.get(file) === mark;
      if (before === undefined) known.set(file, mark);
      else if (before !== mark && settled) {
        known.set(file, mark);
        changed.push(file);
      }
    }
    last = current;
    if (changed.length > 0) onChange(changed);
  }

  function check(): Promise<void> {
    running ??= look().finally(() => {
      running = undefined;
    });
    return running;
  }

  void check();
  const timer = setInterval(() => void check(), pollMs);
  timer.unref();
  return {
    check,
    setFiles: (next) => {
      known = new Map(next.map((file) => [file, known.get(file)]));
    },
    close: () => {
      open = false;
      clearInterval(timer);
    },
  };
}

async function fingerprints(files: readonly string[]): Promise<Map<string, string>> {
  const marks = await Promise.all(
    files.map(async (file): Promise<[string, string]> => [file, await fingerprint(file)]),
  );
  return new Map(marks);
}

async function fingerprint(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch {
    return 'absent';
  }
}
