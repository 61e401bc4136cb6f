import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ErrorCode, GatewardError } from '../errors.ts';
import { putNewFile } from './write-new-file.ts';

/** The file of the administrator's key in the data folder. */
export const ADMIN_KEY_FILE = 'admin.key';
/** The file of the master secret in the data folder. */
export const SECRET_FILE = 'secret.key';
/** The file of the master secret before it. */
export const PREVIOUS_SECRET_FILE = 'secret.previous.key';

const KEY_BYTES = 32;
const MIN_SECRET_BYTES = 32;
/** base64url of at least 32 bytes. */
const KEY_TEXT = /^[A-Za-z0-9_-]{43,128}$/;
const OTHERS = 0o077;

/**
 * Makes the data folder, if it is not there, for the owner alone.
 *
 * @throws GatewardError DATA_FOLDER_UNUSABLE
 */
export async function makeDataFolder(folder: string): Promise<void> {
  try {
    await makeFolders(folder);
  } catch (cause) {
    throw unusable(`${folder} ${faultOf(cause)}.`, cause);
  }
}

/** Like `recursive` of node:fs, which never ends on a file system that takes no folders, such as /proc. */
async function makeFolders(folder: string): Promise<void> {
  if ((await statIfThere(folder))?.isDirectory() === true) return;
  const parent = dirname(folder);
  if (parent !== folder) await makeFolders(parent);
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have been faster.
    if ((await statIfThere(folder))?.isDirectory() !== true) throw error;
  }
}

/**
 * The administrator's key of a data folder. The first start makes it; two processes that start at once get the same.
 *
 * @throws GatewardError DATA_FOLDER_UNUSABLE if it can neither be read nor made, or others may read it.
 */
export function readOrMakeAdminKey(folder: string): Promise<string> {
  return readOrMake(join(folder, ADMIN_KEY_FILE), 'DATA_FOLDER_UNUSABLE');
}

/**
 * The administrator's key in a file, for commands that speak to a running gateway.
 *
 * @throws GatewardError ADMIN_KEY_REQUIRED if there is none that can be read.
 */
export async function readAdminKey(file: string): Promise<string> {
  try {
    const key = await readKey(file, 'ADMIN_KEY_REQUIRED');
    if (key !== undefined) return key;
  } catch (cause) {
    if (cause instanceof GatewardError) throw cause;
    throw new GatewardError('ADMIN_KEY_REQUIRED', { detail: `${file} ${faultOf(cause)}.`, cause });
  }
  const detail = `${file} does not exist: a gateway makes it when it first starts.`;
  throw new GatewardError('ADMIN_KEY_REQUIRED', { detail });
}

/**
 * The master secret: the given one (GATEWARD_SECRET), else the one in the data folder, which the first start makes.
 *
 * @throws GatewardError SECRET_INVALID if the given one is below 32 bytes, or the file is broken or open to others;
 * DATA_FOLDER_UNUSABLE if the file can neither be read nor made.
 */
export async function readMasterSecret(folder: string, given: string | undefined): Promise<Buffer> {
  if (given === undefined) {
    return Buffer.from(await readOrMake(join(folder, SECRET_FILE), 'SECRET_INVALID'), 'base64url');
  }
  return readGiven('GATEWARD_SECRET', given);
}

/** Where master secrets come from. */
export interface SecretSources {
  /** The data folder. */
  readonly folder: string;
  /** GATEWARD_SECRET */
  readonly secret: string | undefined;
  /** GATEWARD_SECRET_PREVIOUS */
  readonly previousSecret: string | undefined;
  /** Whether other machines must have the same, so that none may make its own. */
  readonly isShared: boolean;
}

/**
 * The master secret, and after it those that only open what they sealed: GATEWARD_SECRET_PREVIOUS, and the file
 * `secret.previous.key` of the data folder.
 *
 * @throws GatewardError SECRET_INVALID, DATA_FOLDER_UNUSABLE as {@link readMasterSecret}; SECRET_INVALID too if it is
 * shared and not given.
 */
export async function readMasterSecrets(sources: SecretSources): Promise<readonly [Buffer, ...Buffer[]]> {
  const { folder, secret, previousSecret, isShared } = sources;
  if (isShared && secret === undefined) {
    const detail =
      'Replicas that share PostgreSQL need the same master secret: set GATEWARD_SECRET for each of them, such as to the output of: openssl rand -hex 32';
    throw new GatewardError('SECRET_INVALID', { detail });
  }
  const first = await readMasterSecret(folder, secret);
  const given = previousSecret === undefined ? [] : [readGiven('GATEWARD_SECRET_PREVIOUS', previousSecret)];
  const kept = await readPrevious(join(folder, PREVIOUS_SECRET_FILE));
  return [first, ...given, ...kept];
}

async function readPrevious(file: string): Promise<readonly Buffer[]> {
  try {
    const found = await readKey(file, 'SECRET_INVALID');
    return found === undefined ? [] : [Buffer.from(found, 'base64url')];
  } catch (cause) {
    if (cause instanceof GatewardError) throw cause;
    throw unusable(`${file} ${faultOf(cause)}.`, cause);
  }
}

function readGiven(name: string, given: string): Buffer {
  const secret = Buffer.from(given, 'utf8');
  if (secret.length >= MIN_SECRET_BYTES) return secret;
  throw new GatewardError('SECRET_INVALID', { detail: `${name} has ${secret.length} bytes.` });
}

async function readOrMake(file: string, invalid: ErrorCode): Promise<string> {
  try {
    const found = await readKey(file, invalid);
    if (found !== undefined) return found;
    await makeKey(file);
    const made = await readKey(file, invalid);
    if (made !== undefined) return made;
  } catch (cause) {
    if (cause instanceof GatewardError) throw cause;
    throw unusable(`${file} ${faultOf(cause)}.`, cause);
  }
  throw unusable(`${file} was taken away as soon as it was made.`);
}

/** The key in a file, or undefined if there is no such file. */
async function readKey(file: string, invalid: ErrorCode): Promise<string | undefined> {
  const found = await statIfThere(file);
  if (found === undefined) return undefined;
  if (process.platform !== 'win32' && (found.mode & OTHERS) !== 0) {
    const detail = `${file} may be read by others. Make a new one, or trust this one with: chmod 600 ${file}`;
    throw new GatewardError(invalid, { detail });
  }
  const text = (await readFile(file, 'utf8')).trim();
  if (KEY_TEXT.test(text)) return text;
  throw new GatewardError(invalid, { detail: `${file} does not hold a key.` });
}

async function statIfThere(file: string): Promise<Stats | undefined> {
  try {
    return await stat(file);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Does nothing if another process was faster. */
async function makeKey(file: string): Promise<void> {
  try {
    await putNewFile(file, `${randomBytes(KEY_BYTES).toString('base64url')}\n`);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

function unusable(detail: string, cause?: unknown): GatewardError {
  return new GatewardError('DATA_FOLDER_UNUSABLE', { detail, cause });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

const FAULTS: Readonly<Record<string, string>> = {
  EACCES: 'may not be read or written by this user',
  EPERM: 'may not be read or written by this user',
  EROFS: 'is on a file system that is read-only',
  ENOSPC: 'is on a file system that is full',
  EDQUOT: 'is above the quota of this user',
  EFBIG: 'may hold no more bytes of this process',
  ENOTDIR: 'is below something that is no folder',
  EEXIST: 'is no folder',
  EISDIR: 'is a folder',
};

function faultOf(cause: unknown): string {
  const code = codeOf(cause);
  return FAULTS[code] ?? `cannot be used (${code === '' ? String(cause) : code})`;
}
