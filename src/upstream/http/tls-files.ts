import { readFile, stat } from 'node:fs/promises';

/** Paths of PEM files; undefined where a connection does without. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** What node:tls takes. */
export interface TlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** Reads TLS files again when they have changed on the disk. */
export class TlsReader {
  readonly #files: readonly (readonly ['ca' | 'cert' | 'key', string])[];
  #stamp = '';
  #material: TlsMaterial = {};

  constructor(files: TlsFiles) {
    this.#files = (['ca', 'cert', 'key'] as const).flatMap((kind) => {
      const path = files[kind];
      return path === undefined ? [] : [[kind, path] as const];
    });
  }

  /** The current material: the same object as long as no file has changed. Rejects if a file cannot be read. */
  async read(): Promise<TlsMaterial> {
    const stats = await Promise.all(this.#files.map(([, path]) => stat(path)));
    const stamp = stats.map((file) => `${file.ino}:${file.size}:${file.mtimeMs}`).join();
    if (stamp === this.#stamp) return this.#material;
    const parts = await Promise.all(this.#files.map(async ([kind, path]) => [kind, await readFile(path)]));
    this.#material = Object.fromEntries(parts);
    this.#stamp = stamp;
    return this.#material;
  }
}
