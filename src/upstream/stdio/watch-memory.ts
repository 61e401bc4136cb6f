import { readdir, readFile } from 'node:fs/promises';

/** A process group whose memory is watched. */
export interface WatchedGroup {
  /** Bytes of resident memory that its processes may have together. */
  readonly maxBytes: number;
  /** Told once, with the bytes that they have. */
  readonly onTooMuch: (bytes: number) => void;
}

/** Milliseconds between two looks. */
const LOOK_EVERY_MS = 2_000;
/** Where Linux shows processes; no other system has it, and nothing is watched there. */
const PROC = '/proc';

/** Watches how much memory process groups use, all by one look at a time. */
export class MemoryWatch {
  readonly #groups = new Map<number, WatchedGroup>();
  readonly #isPossible: boolean;
  #timer: NodeJS.Timeout | undefined;

  constructor(platform: NodeJS.Platform = process.platform) {
    this.#isPossible = platform === 'linux';
  }

  add(group: number, watched: WatchedGroup): void {
    if (!this.#isPossible) return;
    this.#groups.set(group, watched);
    this.#timer ??= setInterval(() => void this.look(), LOOK_EVERY_MS).unref();
  }

  delete(group: number): void {
    this.#groups.delete(group);
    if (this.#groups.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Looks now. Never rejects. */
  async look(): Promise<void> {
    for (const [group, bytes] of await measureGroups(new Set(this.#groups.keys()))) {
      const watched = this.#groups.get(group);
      if (watched === undefined || bytes <= watched.maxBytes) continue;
      this.delete(group);
      watched.onTooMuch(bytes);
    }
  }
}

/** Resident bytes of each of these groups, shared memory counted for each process. Never rejects. */
export async function measureGroups(groups: ReadonlySet<number>): Promise<ReadonlyMap<number, number>> {
  const sums = new Map<number, number>();
  if (groups.size === 0) return sums;
  const names = await readdir(PROC).catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name));
  await Promise.all(
    pids.map(async (pid) => {
      const group = groupIn(await readProc(pid, 'stat'));
      if (group === undefined || !groups.has(group)) return;
      const bytes = residentBytesIn(await readProc(pid, 'status'));
      sums.set(group, (sums.get(group) ?? 0) + bytes);
    }),
  );
  return sums;
}

/** A process may be gone by now: then there is no text. */
function readProc(pid: string, file: string): Promise<string> {
  return readFile(`${PROC}/${pid}/${file}`, 'latin1').catch(() => '');
}

/** proc_pid_stat(5): `pid (name) state ppid pgrp ...`, where the name may hold anything. */
function groupIn(stat: string): number | undefined {
  const group = /^ \S+ \d+ (\d+) /.exec(stat.slice(stat.lastIndexOf(')') + 1))?.[1];
  return group === undefined ? undefined : Number(group);
}

/** proc_pid_status(5): kernels write it in kB of 1024 bytes. */
function residentBytesIn(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
