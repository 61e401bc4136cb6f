import { open } from 'node:fs/promises';

const OWNER_ONLY = 0o600;

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
