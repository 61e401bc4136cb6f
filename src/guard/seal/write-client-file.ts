import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { GatewardError } from '../../errors.ts';
import { errorCode } from '../../lib/error-code.ts';
import type { ClientFile } from './client-file.ts';
import { BrokenDocument } from './formats/broken-document.ts';
import { editDocument, type Wanted } from './formats/document.ts';
import { type ClientReading, readClientFile } from './read-client-file.ts';

/** Times that a file is read again because somebody wrote it between reading and writing. */
const TRIES = 5;

/**
 * Puts parts of a client's file as they are to be; everything else stays as it is at that moment, comments and layout
 * included. The new text is put in place whole: after a fault the old file is still there. A file that is not there is
 * made for the owner alone. Resolves with false, and writes nothing, if everything stood there already.
 *
 * @throws GatewardError CLIENT_CONFIG_INVALID if it cannot be read, edited or written; nothing is lost then.
 */
export async function editClientFile(file: ClientFile, wanted: readonly Wanted[]): Promise<boolean> {
  for (let left = TRIES; left > 0; left -= 1) {
    const reading = await readClientFile(file);
    if (isReadOnly(reading)) throw invalid(file, 'it is marked as read-only');
    const before = textOf(file, reading);
    const text = edit(file, before, wanted);
    if (text === before) return false;
    if (await replace(file, reading, text)) return true;
  }
  throw invalid(file, 'another program keeps writing it');
}

/** A rename would pass over the mark, and over what its owner meant by it. */
function isReadOnly(reading: ClientReading): boolean {
  return reading.state === 'read' && (reading.stats.mode & 0o222) === 0;
}

function textOf(file: ClientFile, reading: ClientReading): string {
  if (reading.state === 'broken') throw invalid(file, reading.reason);
  return reading.state === 'read' ? reading.text : '';
}

function edit(file: ClientFile, text: string, wanted: readonly Wanted[]): string {
  try {
    return editDocument(file.format, text, wanted);
  } catch (cause) {
    if (cause instanceof BrokenDocument) throw invalid(file, cause.message, cause);
    throw cause;
  }
}

/** False if the file is no longer the one that was read. A link stays a link: what it leads to is replaced. */
async function replace(file: ClientFile, reading: ClientReading, text: string): Promise<boolean> {
  const target = reading.state === 'read' ? reading.realPath : file.path;
  const draft = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}`);
  try {
    if (reading.state === 'missing') await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await write(draft, text, reading);
    if (!(await isStill(target, reading))) return false;
    await rename(draft, target);
    return true;
  } catch (cause) {
    throw invalid(file, faultOf(cause), cause);
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

async function write(draft: string, text: string, reading: ClientReading): Promise<void> {
  const mode = reading.state === 'read' ? reading.stats.mode & 0o777 : 0o600;
  const handle = await open(draft, 'wx', mode);
  try {
    await handle.writeFile(text);
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (reading.state !== 'read' || process.getuid?.() !== 0) return;
  await chown(draft, reading.stats.uid, reading.stats.gid);
}

async function isStill(target: string, reading: ClientReading): Promise<boolean> {
  const now = await stat(target).catch(() => undefined);
  if (reading.state !== 'read') return now === undefined;
  const { ino, size, mtimeMs, ctimeMs } = reading.stats;
  return now?.ino === ino && now.size === size && now.mtimeMs === mtimeMs && now.ctimeMs === ctimeMs;
}

const FAULTS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write it or its folder',
  EPERM: 'this user may not write it or its folder',
  EROFS: 'its file system is read-only',
  ENOSPC: 'its file system is full',
  EFBIG: 'this process may write no larger files',
  EDQUOT: 'it is above the quota of this user',
  ENOTDIR: 'it lies below something that is no folder',
};

function faultOf(cause: unknown): string {
  const code = errorCode(cause);
  return FAULTS[code] ?? `it cannot be written (${code || 'unknown'})`;
}

function invalid({ path }: ClientFile, reason: string, cause?: unknown): GatewardError {
  return new GatewardError('CLIENT_CONFIG_INVALID', { detail: `${path}: ${reason}.`, cause });
}
