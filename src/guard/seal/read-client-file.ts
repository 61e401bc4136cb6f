import { constants, type Stats } from 'node:fs';
import { lstat, open, realpath } from 'node:fs/promises';
import { errorCode } from '../../lib/error-code.ts';
import type { ClientFile, Part } from './client-file.ts';
import { concernsParts, findParts, toPointer } from './find-parts.ts';
import { BrokenDocument } from './formats/broken-document.ts';
import { parseDocument } from './formats/document.ts';

/** A file that is there and can be read. */
export interface ClientText {
  readonly state: 'read';
  readonly text: string;
  /** The parsed document. Objects may have no prototype. */
  readonly document: unknown;
  readonly parts: readonly Part[];
  /** Where it really lies, links followed. */
  readonly realPath: string;
  readonly stats: Stats;
}

/** What a read of a client's file comes to. */
export type ClientReading =
  | ClientText
  | { readonly state: 'missing' }
  /** `reason` never holds contents. */
  | { readonly state: 'broken'; readonly reason: string };

/** A larger file is no configuration. Claude Code keeps its history in the same file as its servers. */
export const MAX_CLIENT_FILE_BYTES = 32 * 1024 * 1024;

/**
 * Reads a client's file as it is now, links followed. Never throws for what stands in it: a file that cannot be read,
 * or that readers may take in two ways, is `broken`.
 */
export async function readClientFile(file: ClientFile): Promise<ClientReading> {
  try {
    const read = await readText(file.path);
    return read === undefined ? { state: 'missing' } : toReading(file, read);
  } catch (cause) {
    return { state: 'broken', reason: cause instanceof BrokenDocument ? cause.message : faultOf(cause) };
  }
}

type ReadText = Pick<ClientText, 'text' | 'realPath' | 'stats'>;

async function readText(path: string): Promise<ReadText | undefined> {
  const there = await unlessMissing(lstat(path));
  if (there === undefined) return undefined;
  const realPath = await unlessMissing(realpath(path));
  if (realPath === undefined) throw new BrokenDocument('it is a link that leads nowhere');
  // Without O_NONBLOCK a named pipe in its place would hold the reader for ever.
  const handle = await unlessMissing(open(realPath, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)));
  if (handle === undefined) return undefined;
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new BrokenDocument('it is no file');
    if (stats.size > MAX_CLIENT_FILE_BYTES) throw new BrokenDocument('it is larger than 32 MB');
    return { text: decode(await handle.readFile()), realPath, stats };
  } finally {
    await handle.close();
  }
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new BrokenDocument('it is not UTF-8');
  }
}

function toReading({ format, selectors }: ClientFile, read: ReadText): ClientReading {
  const { value: document, repeated } = parseDocument(format, read.text);
  const unclear = repeated.find((path) => concernsParts(path, selectors));
  if (unclear !== undefined) {
    return {
      state: 'broken',
      reason: `${toPointer(unclear)} stands in it twice, and readers differ in which one they take`,
    };
  }
  return { state: 'read', ...read, document, parts: findParts(document, selectors) };
}

async function unlessMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error))) return undefined;
    throw error;
  }
}

const FAULTS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  EISDIR: 'it is a folder',
  ELOOP: 'it is a link that leads to itself',
};

function faultOf(cause: unknown): string {
  const code = errorCode(cause);
  return FAULTS[code] ?? `it cannot be read (${code || 'unknown'})`;
}
