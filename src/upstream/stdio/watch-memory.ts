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

/**
 * Resident bytes of each of these groups and of what they started, which may have left the group, as a sandbox does;
 * shared memory is counted for each process. Never rejects.
 */
export async function measureGroups(groups: ReadonlySet<number>): Promise<ReadonlyMap<number, number>> {
  const sums = new Map<number, number>();
  if (groups.size === 0) return sums;
  const names = await readdir(PROC).catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map(async (pid) => familyIn(pid, await readProc(pid, 'stat'))));
  const families = new Map(found.filter((family) => family !== undefined).map((one) => [one.pid, one]));
  await Promise.all(
    [...families.values()].map(async (family) => {
      const group = groupOf(family, { families, groups });
      if (group === undefined) return;
      const bytes = residentBytesIn(await readProc(String(family.pid), 'status'));
      sums.set(group, (sums.get(group) ?? 0) + bytes);
    }),
  );
  return sums;
}

/** Whose a process is. */
interface Family {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
}

/** More ancestors than processes of upstreams have; a number that is used again must not lead round in a circle. */
const MAX_ANCESTORS = 100;

/** The watched group of the process, or of the nearest of its ancestors that has one. */
function groupOf(
  family: Family,
  { families, groups }: { families: ReadonlyMap<number, Family>; groups: ReadonlySet<number> },
): number | undefined {
  let one: Family | undefined = family;
  for (let n = 0; one !== undefined && n < MAX_ANCESTORS; n += 1) {
    if (groups.has(one.group)) return one.group;
    one = families.get(one.parent);
  }
  return undefined;
}

/** A process may be gone by now: then there is no text. */
function readProc(pid: string, file: string): Promise<string> {
  return readFile(`${PROC}/${pid}/${file}`, 'latin1').catch(() => '');
}

/** proc_pid_stat(5): `pid (name) state ppid pgrp ...`, where the name may hold anything. */
function familyIn(pid: string, stat: string): Family | undefined {
  const found = /^ \S+ (\d+) (\d+) /.exec(stat.slice(stat.lastIndexOf(')') + 1));
  if (found === null) return undefined;
  return { pid: Number(pid), parent: Number(found[1]), group: Number(found[2]) };
}

/** proc_pid_status(5): kernels write it in kB of 1024 bytes. */
function residentBytesIn(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
