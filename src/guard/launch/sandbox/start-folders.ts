/** Short-lived folders for what one start of a sandbox needs outside of it. */
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SandboxSettings } from './settings.ts';

/** The files of one start. Nothing inside the sandbox can write to them. */
export interface StartFolder {
  /** What the sandbox's own programs put their sockets into. They must be seen inside. */
  readonly sockets: string;
  /** An empty folder. */
  readonly empty: string;
  /** Writes the settings and gives the path of the file. */
  write(settings: SandboxSettings): Promise<string>;
}

/** Milliseconds after which a folder without a living process is of the past. */
const STARTING_MS = 60_000;
/** The path of a Unix socket has some 104 bytes, of which names take 60. */
const MAX_ROOT_BYTES = 40;

/** Makes the folders of all starts, below one that goes with `close`. Makes nothing before it is asked. */
export class StartFolders {
  readonly #now: () => number;
  #root: Promise<string> | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  async make(): Promise<StartFolder> {
    this.#root ??= makeRoot();
    const root = await this.#root;
    await removePast(root, this.#now());
    const folder = await mkdtemp(join(root, 's-'));
    const [sockets, empty] = [join(folder, 's'), join(folder, 'e')];
    await Promise.all([mkdir(sockets), mkdir(empty)]);
    return {
      sockets,
      empty,
      async write(settings) {
        const file = join(folder, 'settings.json');
        await writeFile(file, JSON.stringify(settings), { mode: 0o600 });
        return file;
      },
    };
  }

  /** Removes them all. What still runs in a sandbox loses its network. Never rejects. */
  async close(): Promise<void> {
    const root = await this.#root?.catch(() => undefined);
    if (root !== undefined) await rm(root, { recursive: true, force: true }).catch(() => undefined);
  }
}

function makeRoot(): Promise<string> {
  const usual = tmpdir();
  return mkdtemp(join(Buffer.byteLength(usual) > MAX_ROOT_BYTES ? '/tmp' : usual, 'gateward-box-'));
}

/** A sandbox that was killed cannot remove its files. */
async function removePast(root: string, now: number): Promise<void> {
  for (const name of await readdir(root)) {
    const folder = join(root, name);
    if (!(await isInUse(folder, now))) await rm(folder, { recursive: true, force: true });
  }
}

async function isInUse(folder: string, now: number): Promise<boolean> {
  const made = await stat(folder).catch(() => undefined);
  if (made === undefined || now - made.mtimeMs < STARTING_MS) return true;
  const sockets = await readdir(join(folder, 's')).catch(() => []);
  const pids = sockets.map((name) => /^srt-mux-(\d+)-/.exec(name)?.[1]).filter((pid) => pid !== undefined);
  return pids.length > 0 ? pids.some((pid) => isAlive(Number(pid))) : sockets.length > 0;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
