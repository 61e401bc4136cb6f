import { digestJson } from '../../lib/digest-json.ts';
import type { ClientFile, Part } from './client-file.ts';
import type { ClientReading } from './read-client-file.ts';

/** A part as it was when it was sealed. */
export interface SealedPart extends Part {
  /** SHA-256 of its canonical JSON, base64url. */
  readonly digest: string;
}

/** A file as it was when it was sealed: what it had, so that it can be restored. */
export interface SealedFile extends ClientFile {
  /** Where it really lay, links followed; null if there was no file. */
  readonly realPath: string | null;
  readonly parts: readonly SealedPart[];
}

/** What was sealed together. Values of parts hold tokens: this stays encrypted on disk. */
export interface Baseline {
  readonly version: 1;
  /** ISO 8601 */
  readonly sealedAt: string;
  readonly home: string;
  readonly projects: readonly string[];
  /** URLs under which clients may reach the gateway. */
  readonly gateways: readonly string[];
  readonly files: readonly SealedFile[];
}

/** A part with its digest. */
function sealPart(part: Part): SealedPart {
  return { ...part, digest: digestJson(part.value) };
}

/** A file as it is now, for a seal. A broken one has no place in a seal: look at it first. */
export function sealFile(file: ClientFile, reading: Exclude<ClientReading, { state: 'broken' }>): SealedFile {
  if (reading.state === 'missing') return { ...file, realPath: null, parts: [] };
  return { ...file, realPath: reading.realPath, parts: reading.parts.map(sealPart) };
}
