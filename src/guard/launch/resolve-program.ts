import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { GatewardError } from '../../errors.ts';
import { showHidden } from '../../lib/hidden-text.ts';

/** A program on this machine. */
export interface Program {
  /** The absolute path under which it was found. */
  readonly found: string;
  /** The same without links: what is hashed and what is started. */
  readonly file: string;
}

const IS_WINDOWS = process.platform === 'win32';
/** Batch files are left out: they need a shell. */
const ENDINGS = IS_WINDOWS ? ['', '.exe', '.com'] : [''];

/**
 * Finds the program of a command: a bare name on the PATH that is given, anything else by its absolute path. The working
 * directory is never looked into, not even for entries of PATH that name it. Throws LAUNCH_FAILED, also for a program that
 * every user of the machine could change or put there.
 */
export async function resolveProgram(command: string, path: string): Promise<Program> {
  const isBare = !/[\\/]/.test(command);
  if (!isBare && !isAbsolute(command)) {
    throw new GatewardError('LAUNCH_FAILED', {
      detail: `${showHidden(command)} is a relative path. Write an absolute one, or one that begins with "./".`,
    });
  }
  const places = isBare ? path.split(delimiter).filter(isAbsolute) : [''];
  for (const folder of places) {
    for (const ending of ENDINGS) {
      const found = isBare ? join(folder, `${command}${ending}`) : `${command}${ending}`;
      if (!(await isProgram(found))) continue;
      const file = await realpath(found);
      if (await isOpen({ found, file, isBare })) throw open(found);
      return { found, file };
    }
  }
  const where = isBare ? 'on the PATH of the gateway' : 'there that may be run';
  throw new GatewardError('LAUNCH_FAILED', {
    detail: `${showHidden(command)}: there is no such program ${where}.`,
    cause: { code: 'ENOENT' },
  });
}

const BY_ANYBODY = 0o002;
/** In such a folder, as `/tmp` is, everybody may put files, but change and take away only their own. */
const STICKY = 0o1000;

/**
 * Whether every user may write to the file, or put another in its place. Where it was found by its name alone, it is
 * enough that somebody could have put it there.
 */
async function isOpen({ found, file, isBare }: Program & { readonly isBare: boolean }): Promise<boolean> {
  if (IS_WINDOWS) return false;
  if (((await stat(file)).mode & BY_ANYBODY) !== 0) return true;
  const folders = await Promise.all([found, file].map((path) => stat(dirname(path))));
  return folders.some(({ mode }) => (mode & BY_ANYBODY) !== 0 && (isBare || (mode & STICKY) === 0));
}

function open(found: string): GatewardError {
  return new GatewardError('LAUNCH_FAILED', {
    detail: `Every user of this machine may write to ${showHidden(found)} or its folder. Take that right away: chmod o-w.`,
  });
}

/** Whether a file is there that the gateway may run. */
export async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
