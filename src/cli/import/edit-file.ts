import { GatewardError } from '../../errors.ts';
import type { FileFormat } from '../../guard/seal/client-file.ts';
import { BrokenDocument } from '../../guard/seal/formats/broken-document.ts';
import { editDocument, parseDocument, type Wanted } from '../../guard/seal/formats/document.ts';

/** A file of a client with its form. */
export interface TextFile {
  readonly path: string;
  readonly format: FileFormat;
}

/** The text of bytes. Throws CLIENT_CONFIG_INVALID for what is not UTF-8, and for a file that is gone. */
export function textOf({ path }: TextFile, bytes: Buffer | undefined): string {
  try {
    if (bytes !== undefined) return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw invalid(path, 'is not UTF-8', cause);
  }
  throw invalid(path, 'is gone');
}

/** `editDocument` with the errors of a command. */
export function editText({ path, format }: TextFile, text: string, wanted: readonly Wanted[]): string {
  return guard(path, () => editDocument(format, text, wanted));
}

/** The value of a text. */
export function parseText({ path, format }: TextFile, text: string): unknown {
  return guard(path, () => parseDocument(format, text).value);
}

/** Says of a file why it was left alone. */
export function invalid(path: string, why: string, cause?: unknown): GatewardError {
  return new GatewardError('CLIENT_CONFIG_INVALID', { detail: `${path} ${why}.`, cause });
}

function guard<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof BrokenDocument) throw invalid(path, `cannot be changed: ${cause.message}`, cause);
    throw cause;
  }
}
