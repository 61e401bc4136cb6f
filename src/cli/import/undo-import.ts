import type { Environment } from '../../config/types.ts';
import { type GatewardError, toGatewardError } from '../../errors.ts';
import type { Wanted } from '../../guard/seal/formats/document.ts';
import { isSame, valueAt } from '../../guard/seal/formats/tree.ts';
import type { Disk } from '../config-file/disk.ts';
import { namesIn, removeUpstream } from '../config-file/edit-config-text.ts';
import { openConfigFile, saveConfigFile } from '../config-file/open-config-file.ts';
import type { Backup, KeptBackup } from './backup.ts';
import { editText, parseText, textOf } from './edit-file.ts';

type BackupFile = Backup['files'][number];

/** What undoing takes. */
export interface UndoParts {
  readonly environment: Environment;
  readonly disk: Disk;
  readonly clientDisk: Disk;
}

/** What undoing came to. */
export interface Undone {
  readonly restored: readonly string[];
  /** Entries that were not put back, since something else stands there by now. */
  readonly kept: readonly { readonly path: string; readonly at: readonly string[] }[];
  readonly failed: readonly { readonly path: string; readonly error: GatewardError }[];
  /** Upstreams that are no longer in the configuration. */
  readonly removed: readonly string[];
  /** Why the upstreams stay in the configuration. */
  readonly configError: GatewardError | undefined;
}

/**
 * Puts back what an import changed: first the files of clients, then the configuration, then the files of secrets. A file
 * that is still as the import left it becomes what it was, byte for byte; in another the entries are put back. The backup
 * goes once nothing depends on it.
 */
export async function undoImport({ path, backup }: KeptBackup, parts: UndoParts): Promise<Undone> {
  const { disk, clientDisk } = parts;
  const restored: string[] = [];
  const kept: { path: string; at: readonly string[] }[] = [];
  const failed: { path: string; error: GatewardError }[] = [];
  for (const file of backup.files) {
    try {
      const occupied = await restoreFile(file, clientDisk);
      kept.push(...occupied.map((at) => ({ path: file.path, at })));
      restored.push(file.path);
    } catch (error) {
      failed.push({ path: file.path, error: toGatewardError(error) });
    }
  }
  // What could not be put back is with the gateway alone.
  if (failed.length > 0 || kept.length > 0)
    return { restored, kept, failed, removed: [], configError: undefined };
  const { removed, error } = await forget(backup, parts);
  if (error === undefined) await disk.remove(path);
  return { restored, kept, failed, removed, configError: error };
}

/** Gives the places that are taken by something else. */
async function restoreFile(file: BackupFile, disk: Disk): Promise<readonly (readonly string[])[]> {
  const before = Buffer.from(file.before, 'base64');
  const image = await disk.read(file.path);
  const now = image.bytes === undefined ? '' : textOf(file, image.bytes);
  const old = textOf(file, before);
  if (now === old) return [];
  if (image.bytes === undefined || now === editText(file, old, wantedOf(file.wanted))) {
    await disk.replace(image, before);
    return [];
  }
  const value = parseText(file, now);
  const back: Wanted[] = [];
  const occupied: (readonly string[])[] = [];
  for (const { path, value: mine } of wantedOf(file.wanted)) {
    if (mine !== undefined && isSame(valueAt(value, path), mine)) back.push({ path, value: undefined });
  }
  for (const { path, value: theirs } of file.removed) {
    const there = valueAt(value, path);
    if (there === undefined) back.push({ path, value: theirs });
    else if (!isSame(there, theirs)) occupied.push(path);
  }
  if (back.length > 0) await disk.replace(image, Buffer.from(editText(file, now, back)));
  return occupied;
}

function wantedOf(wanted: BackupFile['wanted']): readonly Wanted[] {
  return wanted.map(({ path, value }) => ({ path, value }));
}

async function forget(
  backup: Backup,
  { environment, disk }: UndoParts,
): Promise<{ readonly removed: readonly string[]; readonly error: GatewardError | undefined }> {
  try {
    const edit = await openConfigFile(backup.config, { environment, disk, mayBegin: true });
    const present = new Set(namesIn(edit.text).upstreams);
    const removed = backup.upstreams.filter((name) => present.has(name));
    const text = removed.reduce(removeUpstream, edit.text);
    const { files } =
      removed.length === 0 ? edit.loaded : await saveConfigFile(edit, text, { environment, disk });
    for (const file of backup.secretFiles.filter((one) => !files.includes(one))) await disk.remove(file);
    return { removed, error: undefined };
  } catch (error) {
    return { removed: [], error: toGatewardError(error) };
  }
}
