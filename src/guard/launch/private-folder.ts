import { chmod, lstat, mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewardError } from '../../errors.ts';

/** In the data folder: one folder for each upstream. */
const RUN_FOLDER = 'run';
const PRIVATE = 0o700;

/**
 * The folder that the processes of an upstream start in where the configuration names none: made if it is missing, and
 * closed to other users. Gives its absolute path without links. Throws LAUNCH_FAILED.
 */
export async function makePrivateFolder(dataDir: string, upstream: string): Promise<string> {
  const folder = join(dataDir, RUN_FOLDER, upstream);
  try {
    await mkdir(folder, { recursive: true, mode: PRIVATE });
    const found = await lstat(folder);
    if (!found.isDirectory()) throw new GatewardError('LAUNCH_FAILED', { detail: `${folder} is no folder.` });
    if (process.platform !== 'win32' && (found.mode & 0o777) !== PRIVATE) await chmod(folder, PRIVATE);
    return await realpath(folder);
  } catch (cause) {
    if (cause instanceof GatewardError) throw cause;
    throw new GatewardError('LAUNCH_FAILED', { detail: `The folder ${folder} cannot be made.`, cause });
  }
}
