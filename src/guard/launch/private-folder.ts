import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewardError } from '../../errors.ts';

/** In the data folder: one folder for each launch of an upstream. */
const RUN_FOLDER = 'run';
const PRIVATE = 0o700;
/** Hex digits that tell the launches of one upstream apart. */
const DIGITS = 12;

/** Whose folder it is. */
export interface FolderOwner {
  readonly upstream: string;
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * npm looks for settings and programs upwards from where it starts, as far as the first folder that is a package. This
 * one is, so that what lies above it, in a repository that was cloned say, cannot change what runs.
 */
const PACKAGE_FILE = 'package.json';
const PACKAGE_TEXT = '{ "private": true }\n';

/**
 * The folder that the processes of an upstream start in where the configuration names none: made if it is missing, and
 * closed to other users. Another command or other arguments get another one, since a program may leave settings and
 * packages behind that would change what the next one is. Gives its absolute path without links. Throws LAUNCH_FAILED.
 */
export async function makePrivateFolder(dataDir: string, owner: FolderOwner): Promise<string> {
  const folder = join(dataDir, RUN_FOLDER, nameOf(owner));
  try {
    await mkdir(folder, { recursive: true, mode: PRIVATE });
    const found = await lstat(folder);
    if (!found.isDirectory()) throw new GatewardError('LAUNCH_FAILED', { detail: `${folder} is no folder.` });
    if (process.platform !== 'win32' && (found.mode & 0o777) !== PRIVATE) await chmod(folder, PRIVATE);
    await writeFile(join(folder, PACKAGE_FILE), PACKAGE_TEXT, { flag: 'wx', mode: 0o600 }).catch(unlessThere);
    return await realpath(folder);
  } catch (cause) {
    if (cause instanceof GatewardError) throw cause;
    throw new GatewardError('LAUNCH_FAILED', { detail: `The folder ${folder} cannot be made.`, cause });
  }
}

function nameOf({ upstream, command, args }: FolderOwner): string {
  const digest = createHash('sha256').update(JSON.stringify([command, ...args]));
  return `${upstream}-${digest.digest('hex').slice(0, DIGITS)}`;
}

function unlessThere(thrown: unknown): void {
  if (!(thrown instanceof Error) || !('code' in thrown) || thrown.code !== 'EEXIST') throw thrown;
}
