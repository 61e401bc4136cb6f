import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Environment } from '../../config/types.ts';
import { GatewardError } from '../../errors.ts';
import { createSeal, type Seal } from '../../lib/seal.ts';
import { makeDataFolder, readMasterSecrets } from '../../store/key-files.ts';
import type { Disk } from '../config-file/disk.ts';

const FOLDER = 'imports';
const ENDING = '.sealed';
const USE = 'import-backup';

const pathSchema = z.array(z.string());
const backupSchema = z.object({
  form: z.literal(1),
  /** ISO 8601. */
  madeAt: z.string(),
  /** Absolute path of the configuration file. */
  config: z.string(),
  /** Upstreams that the import added. */
  upstreams: z.array(z.string()),
  /** What the configuration said of each of them. */
  entries: z.record(z.string(), z.unknown()).default({}),
  /** Absolute paths of the files of secrets that it made. */
  secretFiles: z.array(z.string()),
  /** The SHA-256 of what stood in each of them. */
  secretHashes: z.record(z.string(), z.string()).default({}),
  files: z.array(
    z.object({
      client: z.string(),
      path: z.string(),
      format: z.enum(['json', 'toml', 'yaml']),
      /** The whole file as it was: base64. */
      before: z.string(),
      /** What the import changed; without a value it was taken out. */
      wanted: z.array(z.object({ path: pathSchema, value: z.unknown().optional() })),
      /** What was taken out. */
      removed: z.array(z.object({ path: pathSchema, value: z.unknown().optional() })),
    }),
  ),
});

/** What an import changed, as it was before. */
export type Backup = z.output<typeof backupSchema>;

/** A backup and where it lies. */
export interface KeptBackup {
  readonly path: string;
  readonly backup: Backup;
}

/** The backups of a data folder. They hold tokens, so they are sealed with the gateway's master secret. */
export class Backups {
  readonly #folder: string;
  readonly #seal: Seal;

  private constructor(dataDir: string, seal: Seal) {
    this.#folder = join(dataDir, FOLDER);
    this.#seal = seal;
  }

  /** Throws SECRET_INVALID, DATA_FOLDER_UNUSABLE. Makes the master secret, if there is none. */
  static async open(dataDir: string, { secret, previousSecret }: Environment): Promise<Backups> {
    await makeDataFolder(dataDir);
    const secrets = await readMasterSecrets({ folder: dataDir, secret, previousSecret, isShared: false });
    return new Backups(dataDir, createSeal(...secrets));
  }

  /** Seals a backup into a file of its own. Gives its path. */
  async write(backup: Backup, disk: Disk): Promise<string> {
    await disk.makeFolder(this.#folder);
    const time = backup.madeAt.replaceAll(/[^0-9T]/g, '');
    const path = join(this.#folder, `${time}-${randomBytes(4).toString('hex')}${ENDING}`);
    await disk.create(path, this.#seal.sealBytes(Buffer.from(JSON.stringify(backup)), USE));
    return path;
  }

  /**
   * The newest backup; undefined if there is none.
   *
   * @throws GatewardError SECRET_INVALID if another master secret sealed it.
   */
  async newest(): Promise<KeptBackup | undefined> {
    const names = await readdir(this.#folder).catch(() => []);
    const name = names
      .filter((one) => one.endsWith(ENDING))
      .sort()
      .at(-1);
    if (name === undefined) return undefined;
    const path = join(this.#folder, name);
    const plain = this.#seal.openBytes(await readFile(path), USE);
    if (plain === undefined) {
      const detail = `${path} was sealed with another master secret, or was changed since.`;
      throw new GatewardError('SECRET_INVALID', { detail });
    }
    return { path, backup: backupSchema.parse(JSON.parse(plain.toString('utf8'))) };
  }
}
