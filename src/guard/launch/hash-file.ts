import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { GatewardError } from '../../errors.ts';
import { showHidden } from '../../lib/hidden-text.ts';

/** Files whose hash is remembered. */
const MAX_FILES = 256;
/** A file that changed within so many milliseconds may change again without its times telling. */
const RACY_MS = 2_000;

/** The SHA-256 of programs. A file is read again only when its place on the disk, size or times say that it changed. */
export class FileHashes {
  readonly #now: () => number;
  readonly #known = new Map<string, string>();

  /** `now` gives milliseconds since 1970, as the times of files. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** 64 hex digits. Throws LAUNCH_FAILED for a file that cannot be read, or changes while it is. */
  async hash(path: string): Promise<string> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, 'r');
      const before = await stateOf(handle);
      const known = this.#known.get(before.key);
      if (known !== undefined) return known;
      const sha256 = await read(handle);
      const after = await stateOf(handle);
      if (after.key !== before.key) throw unreadable(path, 'changes while it is read');
      if (this.#now() - after.changedAt > RACY_MS) this.#remember(after.key, sha256);
      return sha256;
    } catch (cause) {
      if (cause instanceof GatewardError) throw cause;
      throw unreadable(path, 'cannot be read', cause);
    } finally {
      await handle?.close();
    }
  }

  #remember(key: string, sha256: string): void {
    const [oldest] = this.#known.keys();
    if (this.#known.size >= MAX_FILES && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(key, sha256);
  }
}

/** Nobody can set the time of the last change of a file (`ctime`) without setting the clock. */
async function stateOf(handle: FileHandle): Promise<{ readonly key: string; readonly changedAt: number }> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await handle.stat({ bigint: true });
  return { key: [dev, ino, size, mtimeNs, ctimeNs].join(' '), changedAt: Number(ctimeNs / 1_000_000n) };
}

async function read(handle: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of handle.createReadStream({ autoClose: false, highWaterMark: 1_048_576 }))
    hash.update(piece);
  return hash.digest('hex');
}

function unreadable(path: string, why: string, cause?: unknown): GatewardError {
  return new GatewardError('LAUNCH_FAILED', {
    detail: `${showHidden(path)} ${why}, so nobody could approve it.`,
    cause,
  });
}
