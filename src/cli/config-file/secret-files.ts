import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { GatewardError } from '../../errors.ts';
import { makeDataFolder } from '../../store/key-files.ts';
import type { Disk } from './disk.ts';

/** The folder of secrets in the data folder. */
const FOLDER = 'secrets';
const MAX_LABEL = 64;

/** Where secrets of a configuration are kept. */
export interface SecretPlace {
  /** Absolute path. */
  readonly dataDir: string;
  /** Path of the configuration file, from whose folder references start. */
  readonly configFile: string;
}

/** One secret on its way into a file. */
interface KeptSecret {
  readonly file: string;
  readonly value: string;
}

/**
 * Gives secrets a file of their own in the data folder, which only its owner may read, and a `${file:PATH}` to write in
 * their place. Nothing is written before `write`.
 */
export class SecretFiles {
  readonly #place: SecretPlace;
  /** What stands in the folder, by path in lower case, since some systems hold such names equal. */
  readonly #known: Map<string, string>;
  readonly #kept: KeptSecret[] = [];
  readonly #values = new Set<string>();

  private constructor(place: SecretPlace, known: Map<string, string>) {
    this.#place = place;
    this.#known = known;
  }

  /** Looks at what is kept already, so that a secret that is there is not kept twice. */
  static async open(place: SecretPlace): Promise<SecretFiles> {
    const folder = join(place.dataDir, FOLDER);
    const names = await readdir(folder).catch(() => []);
    const known = new Map<string, string>();
    for (const name of names) {
      const file = join(folder, name);
      known.set(file.toLowerCase(), await readFile(file, 'utf8').catch(() => ''));
    }
    return new SecretFiles(place, known);
  }

  /**
   * The reference for a secret; `label` says in its file's name what it is. Throws DATA_FOLDER_UNUSABLE for a folder whose
   * path cannot stand in a reference, INPUT_UNREADABLE for a secret that is no text of UTF-8.
   */
  keep(upstream: string, label: string, value: string): string {
    if (!value.isWellFormed()) {
      const detail = `The value of ${plainLabel(label)} is not valid Unicode.`;
      throw new GatewardError('INPUT_UNREADABLE', { detail });
    }
    this.#values.add(value);
    const content = writeSecret(value);
    const stem = join(this.#place.dataDir, FOLDER, `${upstream}.${plainLabel(label)}`);
    for (let count = 1; ; count += 1) {
      const file = count === 1 ? stem : `${stem}-${count}`;
      const there = this.#known.get(file.toLowerCase());
      if (there !== undefined && there !== content) continue;
      if (there === undefined) this.#kept.push({ file, value: content });
      this.#known.set(file.toLowerCase(), content);
      return this.#refer(file);
    }
  }

  /** Writes what was kept. After a fault, what it made is gone again. */
  async write(disk: Disk): Promise<void> {
    if (this.#kept.length === 0) return;
    await makeDataFolder(this.#place.dataDir);
    await disk.makeFolder(join(this.#place.dataDir, FOLDER));
    try {
      for (const { file, value } of this.#kept) await disk.create(file, Buffer.from(value));
    } catch (error) {
      await this.undo(disk);
      throw error;
    }
  }

  /** Removes what `write` made. */
  async undo(disk: Disk): Promise<void> {
    for (const { file, value } of this.#kept) {
      const there = await readFile(file, 'utf8').catch(() => undefined);
      if (there === value) await disk.remove(file);
    }
  }

  /** The absolute paths of what `write` makes. */
  get files(): readonly string[] {
    return this.#kept.map(({ file }) => file);
  }

  /** The SHA-256 of each of them, by its path. */
  get hashes(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#kept.map(({ file, value }) => [file, hashSecret(value)]));
  }

  /** The secrets that were asked for, kept before or not. */
  get values(): ReadonlySet<string> {
    return this.#values;
  }

  #refer(file: string): string {
    const folder = dirname(resolve(this.#place.configFile));
    const path = relative(folder, file);
    const short = path.startsWith('..') || isAbsolute(path) ? file : path.split(sep).join('/');
    if (/[{}]/.test(short)) {
      const detail = `The path of ${this.#place.dataDir} holds a brace, so that no file in it can be named.`;
      throw new GatewardError('DATA_FOLDER_UNUSABLE', { detail });
    }
    return `\${file:${short}}`;
  }
}

/** The SHA-256 of the content of a file, in hex. */
export function hashSecret(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Whether a path is one that this makes. */
export function isSecretFile(file: string, dataDir: string): boolean {
  return dirname(file) === join(dataDir, FOLDER);
}

/** The text of which the loader makes exactly the value: it drops one mark at the start and one line end at the end. */
function writeSecret(value: string): string {
  const mark = value.startsWith('\uFEFF') ? '\uFEFF' : '';
  return mark + value + (value.endsWith('\r') ? '' : '\n');
}

function plainLabel(label: string): string {
  const plain = label
    .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, MAX_LABEL);
  return plain === '' ? 'secret' : plain;
}
