import { readFile, stat } from 'node:fs/promises';

/** What people write by hand is smaller. */
const MAX_BYTES = 256 * 1024;

/** The text of a file of a size that people write; empty for everything else. */
export async function readSmall(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile() || found.size > MAX_BYTES) return '';
  return readFile(file, 'utf8').catch(() => '');
}
