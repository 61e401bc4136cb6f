import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GatewardError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Baseline, SealedFile } from '../baseline.ts';
import { type Change, compareFile } from '../compare-file.ts';
import { type ClientReading, readClientFile } from '../read-client-file.ts';
import { restoreParts } from '../restore-file.ts';
import { findWriters } from './find-writers.ts';
import type { Suspect } from './suspect.ts';
import { ChangeTracker, type Verdict } from './track-changes.ts';
import { watchFolders } from './watch-folders.ts';

/** What a watch tells. `changedAtMs`: when the system says that the file was changed, milliseconds since 1970. */
export type WatchEvent =
  | (Verdict & { readonly changedAtMs: number })
  | { readonly event: 'restored' | 'repaired'; readonly change: Change }
  | { readonly event: 'restore-failed'; readonly change: Change; readonly error: GatewardError }
  | { readonly event: 'suspects'; readonly path: string; readonly suspects: readonly Suspect[] };

/** What a watch is made of. */
export interface WatchOptions {
  readonly baseline: Baseline;
  /** Whether to put back what raises an alarm. */
  readonly restores: boolean;
  readonly clock: Clock;
  readonly tell: (event: WatchEvent) => void;
}

/** Between two looks, if nothing tells of a change before. */
const POLL_MS = 500;
/** A file that cannot be read, or is gone, may be in the midst of being written: it must stay so for this long. */
const SETTLE_MS = 400;
const RETRY_MS = 5000;
const MAX_SEARCHES = 10;

interface Watched {
  readonly file: SealedFile;
  /** What the file looked like to stat(2) when it was last read as a whole. */
  mark: string;
  /** Since when it cannot be judged. */
  unsettledSinceMs: number | undefined;
  changes: readonly Change[];
  changedAtMs: number;
  realPath: string;
}

/** Guards sealed files while it runs. One look at a time. */
export class ClientWatch {
  readonly #options: WatchOptions;
  readonly #tracker: ChangeTracker;
  readonly #files: readonly Watched[];
  #searching: Promise<void> = Promise.resolve();
  #searches = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#tracker = new ChangeTracker(options.restores);
    this.#files = options.baseline.files.map((file) => ({
      file,
      mark: '',
      unsettledSinceMs: undefined,
      changes: [],
      changedAtMs: 0,
      realPath: file.realPath ?? file.path,
    }));
  }

  /** Looks again and again until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    let wake = (): void => undefined;
    const folders = [
      ...new Set(this.#files.flatMap(({ file, realPath }) => [dirname(file.path), dirname(realPath)])),
    ];
    const watching = watchFolders(folders, () => wake());
    const stop = (): void => wake();
    signal.addEventListener('abort', stop);
    while (!signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      // Set before looking: what happens meanwhile leads to another look.
      wake = resolve;
      for (const watched of this.#files) await this.#lookAt(watched);
      watching.refresh();
      const callOff = this.#options.clock.after(POLL_MS, resolve);
      await promise;
      callOff();
    }
    signal.removeEventListener('abort', stop);
    watching.close();
    await this.#searching;
  }

  async #lookAt(watched: Watched): Promise<void> {
    const mark = await markOf(watched.file.path);
    if (mark !== watched.mark) await this.#read(watched, mark);
    const { clock, tell } = this.#options;
    const { changes, changedAtMs } = watched;
    const { verdicts, repaired, due } = this.#tracker.observe(watched.file.path, changes, clock.now());
    for (const verdict of verdicts) tell({ ...verdict, changedAtMs });
    for (const change of repaired) tell({ event: 'repaired', change });
    const grave = verdicts.filter(({ event }) => event === 'alarm' || event === 're-asserted');
    if (grave.length > 0) this.#search(watched, grave);
    // Behind a link that was put in its place may lie anything.
    const isElsewhere = changes.some(({ what }) => what === 'redirected');
    if (due.length > 0 && !isElsewhere) await this.#restore(watched, due);
  }

  async #read(watched: Watched, mark: string): Promise<void> {
    const { clock, baseline } = this.#options;
    const reading = await readClientFile(watched.file);
    const isClear =
      reading.state === 'read' || (reading.state === 'missing' && watched.file.realPath === null);
    watched.unsettledSinceMs = isClear ? undefined : (watched.unsettledSinceMs ?? clock.now());
    const { unsettledSinceMs } = watched;
    const settledMs = unsettledSinceMs === undefined ? SETTLE_MS : clock.now() - unsettledSinceMs;
    // Below 0 the clock was set back.
    if (settledMs >= 0 && settledMs < SETTLE_MS) return;
    watched.mark = mark;
    watched.changes = compareFile(watched.file, reading, baseline.gateways);
    watched.changedAtMs = changeTime(reading, clock.now());
    if (reading.state === 'read') watched.realPath = reading.realPath;
  }

  async #restore(watched: Watched, due: readonly Change[]): Promise<void> {
    const { clock, tell } = this.#options;
    try {
      await restoreParts(due);
      this.#tracker.restored(due, clock.now());
      watched.changes = watched.changes.filter((change) => !due.includes(change));
      for (const change of due) tell({ event: 'restored', change });
    } catch (error) {
      if (!(error instanceof GatewardError)) throw error;
      this.#tracker.failed(due, clock.now() + RETRY_MS);
      for (const change of due) tell({ event: 'restore-failed', change, error });
    }
    watched.mark = '';
  }

  /** Beside the looks, so that no alarm waits for it; one after the other. */
  #search(watched: Watched, grave: readonly Verdict[]): void {
    if (this.#searches >= MAX_SEARCHES) return;
    this.#searches += 1;
    this.#searching = this.#searching
      .then(() => this.#suspect(watched, grave))
      // Who wrote it is a hint: that the search failed must not end the guard.
      .catch(() => undefined)
      .finally(() => {
        this.#searches -= 1;
      });
  }

  async #suspect(watched: Watched, grave: readonly Verdict[]): Promise<void> {
    const { baseline, tell } = this.#options;
    const { file, realPath, changedAtMs } = watched;
    const hooks = this.#files.flatMap(({ changes }) => changes.filter(isNewHook));
    const changes = grave.map(({ change }) => change);
    const suspects = await findWriters({ changes, realPath, home: baseline.home, hooks, changedAtMs });
    if (suspects.length > 0) tell({ event: 'suspects', path: file.path, suspects });
  }
}

function isNewHook({ kind, level }: Change): boolean {
  return kind === 'hook' && level === 'alarm';
}

/** Changes with whatever happens to the file or to a link in its place. The change time cannot be set back. */
async function markOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found === undefined
    ? 'none'
    : [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(' ');
}

function changeTime(reading: ClientReading, nowMs: number): number {
  return reading.state === 'read' ? reading.stats.ctimeMs : nowMs;
}
