import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, link, open, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode } from '../lib/error-code.ts';

const OWNER_ONLY = 0o600;
/** What systems say of a file system without hard links. */
const NO_LINKS: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/**
 * Makes a file with all of its content, on the disk when it returns: itself, not its name in the folder. For the owner
 * alone until `mode` is set, which the mask of the process does not change. Throws what the system says: EEXIST if there is
 * one. After a fault a part of it may be there.
 */
export async function writeNewFile(path: string, content: string | Buffer, mode = OWNER_ONLY): Promise<void> {
  const handle = await open(path, 'wx', OWNER_ONLY);
  try {
    await handle.writeFile(content);
    if (mode !== OWNER_ONLY) await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Puts a file for its owner alone in place whole, and only if there is none: a link to an existing name fails, unlike a
 * rename. Throws what the system says: EEXIST if there is one. After a fault there is none, and whoever is killed in the
 * midst leaves no more than a draft beside it, whose name begins with a dot.
 */
export async function putNewFile(path: string, content: string | Buffer): Promise<void> {
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    await writeNewFile(draft, content);
    await place(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}

async function place(draft: string, file: string): Promise<void> {
  try {
    await link(draft, file);
  } catch (error) {
    if (!NO_LINKS.includes(errorCode(error))) throw error;
    await copyFile(draft, file, constants.COPYFILE_EXCL);
    await chmod(file, OWNER_ONLY);
  }
}
