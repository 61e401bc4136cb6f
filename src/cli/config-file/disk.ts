import { randomBytes } from 'node:crypto';
import {
  chown,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readFile,
  readlink,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type ErrorCode, GatewardError } from '../../errors.ts';
import { putNewFile, writeNewFile } from '../../store/write-new-file.ts';

/** A file as it was read, so that it is replaced only while it is still the same. */
export interface FileImage {
  /** Absolute path without a symbolic link at its end: what is replaced. */
  readonly path: string;
  /** Undefined where there is no such file. */
  readonly bytes: Buffer | undefined;
  /** Permission bits that the file has, or gets. */
  readonly mode: number;
  /** Whose it is; undefined where there is no such file. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}

/** The few things that editing files needs. Every write is whole, and on the disk when it returns. */
export interface Disk {
  /** Reads a file, through symbolic links. */
  read(path: string): Promise<FileImage>;
  /** Puts new bytes in place of a file in one step, unless it has changed since it was read. */
  replace(image: FileImage, bytes: Buffer): Promise<void>;
  /** Makes a file that only its owner may read. Fails if there is one. */
  create(path: string, bytes: Buffer): Promise<void>;
  /** Makes a folder for the owner alone, if it is not there. Its parent must be. */
  makeFolder(path: string): Promise<void>;
  /** Removes a file, if it is there. */
  remove(path: string): Promise<void>;
}

const OWNER_ONLY = 0o600;
const MAX_LINKS = 40;
const MAX_BYTES = 67_108_864;

/** Files of the machine. Its faults are errors with the given code, which name the path and never hold the content. */
export function createDisk(code: ErrorCode = 'CONFIG_UNREADABLE'): Disk {
  const guarded = async <T>(path: string, run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (cause) {
      if (cause instanceof GatewardError) throw cause;
      throw new GatewardError(code, { detail: `${path} ${faultOf(cause)}.`, cause });
    }
  };
  return {
    read: (path) => guarded(path, () => readImage(path, code)),
    replace: (image, bytes) => guarded(image.path, () => replaceFile(image, bytes, code)),
    create: (path, bytes) => guarded(path, () => createFile(path, bytes)),
    makeFolder: (path) => guarded(path, () => makePrivateFolder(path)),
    remove: (path) =>
      guarded(path, async () => {
        await rm(path, { force: true });
        await syncFolder(dirname(path));
      }),
  };
}

async function readImage(path: string, code: ErrorCode): Promise<FileImage> {
  const real = await followLinks(resolve(path), code);
  const found = await stat(real).catch(ifMissing);
  if (found === undefined) return { path: real, bytes: undefined, mode: OWNER_ONLY, owner: undefined };
  if (!found.isFile()) throw new GatewardError(code, { detail: `${path} is no plain file.` });
  if (found.size > MAX_BYTES) throw new GatewardError(code, { detail: `${path} is larger than 64 MB.` });
  const { uid, gid, mode } = found;
  return { path: real, bytes: await readFile(real), mode: mode & 0o777, owner: { uid, gid } };
}

/** Only the links at the end of the path matter here, and the last may lead to a file that is still to come. */
async function followLinks(path: string, code: ErrorCode): Promise<string> {
  let real = path;
  for (let count = 0; count < MAX_LINKS; count += 1) {
    const found = await lstat(real).catch(ifMissing);
    if (found?.isSymbolicLink() !== true) return real;
    real = resolve(dirname(real), await readlink(real));
  }
  throw new GatewardError(code, { detail: `${path} is a symbolic link that leads back to itself.` });
}

async function replaceFile(image: FileImage, bytes: Buffer, code: ErrorCode): Promise<void> {
  const { path, mode, owner } = image;
  // A rename would pass over the mark, and over what its owner meant by it.
  if ((mode & 0o222) === 0) throw new GatewardError(code, { detail: `${path} is marked as read-only.` });
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    await writeNewFile(draft, bytes, mode);
    if (owner !== undefined && process.getuid?.() === 0) await chown(draft, owner.uid, owner.gid);
    const now = await readImage(path, code);
    if (!isSame(now.bytes, image.bytes)) {
      const detail = `${path} was changed by somebody else at the same moment. Nothing was written to it; try again.`;
      throw new GatewardError(code, { detail });
    }
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
  await syncFolder(dirname(path));
}

function isSame(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b);
}

async function createFile(path: string, bytes: Buffer): Promise<void> {
  await putNewFile(path, bytes);
  await syncFolder(dirname(path));
}

async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error;
  });
  await syncFolder(dirname(path));
}

/** A name is on the disk only once its folder is. Windows has no handles of folders. */
async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } catch (error) {
    if (!['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP'].includes(codeOf(error))) throw error;
  } finally {
    await handle?.close();
  }
}

function ifMissing(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error;
  return undefined;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

const FAULTS: Readonly<Record<string, string>> = {
  EACCES: 'may not be read or written by this user',
  EPERM: 'may not be read or written by this user',
  EROFS: 'is on a file system that is read-only',
  ENOSPC: 'is on a file system that is full',
  ENOENT: 'is in a folder that does not exist',
  ENOTDIR: 'is below something that is no folder',
  EEXIST: 'exists already',
};

function faultOf(cause: unknown): string {
  const code = codeOf(cause);
  return FAULTS[code] ?? `cannot be read or written (${code === '' ? String(cause) : code})`;
}
