import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const MAX_BYTES = 16_777_216;
const MAX_FILES = 1000;
/** Shorter ones stand in files by chance. */
const MIN_SECRET = 6;
/** Folders in which clients keep copies of their files, from the folder of the file. */
const COPIES: readonly string[] = ['.', 'backups', '.claude/backups'];

/**
 * The files of clients, and copies of them that clients and editors keep beside them, that still hold a secret which was
 * moved. They are named, not touched.
 */
export async function findLeftovers(
  files: readonly string[],
  secrets: ReadonlySet<string>,
): Promise<readonly string[]> {
  const wanted = [...secrets].filter((secret) => secret.length >= MIN_SECRET);
  const needles = wanted.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  const found = new Set<string>();
  for (const file of needles.length === 0 ? [] : files) {
    for (const path of await listCopies(file)) {
      const text = await readSmall(path);
      if (text !== undefined && needles.some((needle) => text.includes(needle))) found.add(path);
    }
  }
  return [...found].sort();
}

async function listCopies(file: string): Promise<readonly string[]> {
  const name = basename(file).replace(/^\./, '');
  const stem = name.replace(/\.[^.]+$/, '');
  const lists = await Promise.all(
    COPIES.map(async (folder) => {
      const path = join(dirname(file), folder);
      const names = await readdir(path).catch(() => []);
      return names.filter((one) => one.includes(stem)).map((one) => join(path, one));
    }),
  );
  return lists.flat().slice(0, MAX_FILES);
}

async function readSmall(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true || found.size > MAX_BYTES) return undefined;
  return readFile(path, 'utf8').catch(() => undefined);
}
