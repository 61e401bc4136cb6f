import { readFile } from 'node:fs/promises';
import type { Environment } from '../../config/types.ts';
import { type GatewardError, toGatewardError } from '../../errors.ts';
import type { Wanted } from '../../guard/seal/formats/document.ts';
import { isSame, valueAt } from '../../guard/seal/formats/tree.ts';
import type { Disk } from '../config-file/disk.ts';
import { entryIn, namesIn, removeUpstream } from '../config-file/edit-config-text.ts';
import { openConfigFile, saveConfigFile } from '../config-file/open-config-file.ts';
import { hashSecret } from '../config-file/secret-files.ts';
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
  /** Upstreams that stay in it, since somebody has changed them. */
  readonly changed: readonly string[];
  /** Why the upstreams stay in the configuration. */
  readonly configError: GatewardError | undefined;
}

/**
 * Puts back what an import changed: first the files of clients, then the configuration, then the files of secrets. A file
 * that is still as the import left it becomes what it was, byte for byte; in another the entries are put back. An upstream
 * and a secret that somebody has changed since stay. The backup goes once nothing depends on it.
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
    return { restored, kept, failed, removed: [], changed: [], configError: undefined };
  const { removed, changed, error } = await forget(backup, parts);
  if (error === undefined) await disk.remove(path);
  return { restored, kept, failed, removed, changed, configError: error };
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

type Forgotten = Pick<Undone, 'removed' | 'changed'> & { readonly error: GatewardError | undefined };

async function forget(backup: Backup, { environment, disk }: UndoParts): Promise<Forgotten> {
  try {
    const edit = await openConfigFile(backup.config, { environment, disk, mayBegin: true });
    const present = new Set(namesIn(edit.text).upstreams);
    const names = backup.upstreams.filter((name) => present.has(name));
    const changed = names.filter((name) => isChanged(backup, name, edit.text));
    const removed = names.filter((name) => !changed.includes(name));
    const text = removed.reduce(removeUpstream, edit.text);
    const { files } =
      removed.length === 0 ? edit.loaded : await saveConfigFile(edit, text, { environment, disk });
    for (const file of backup.secretFiles.filter((one) => !files.includes(one))) {
      if (await isAsMade(backup, file)) await disk.remove(file);
    }
    return { removed, changed, error: undefined };
  } catch (error) {
    return { removed: [], changed: [], error: toGatewardError(error) };
  }
}

/** Somebody may have edited it, or made another one of its name. */
function isChanged({ entries }: Backup, name: string, text: string): boolean {
  return Object.hasOwn(entries, name) && !isSame(entryIn(text, name), entries[name]);
}

/** A token that was written anew may stand nowhere else. */
async function isAsMade({ secretHashes }: Backup, file: string): Promise<boolean> {
  const hash = secretHashes[file];
  const content = await readFile(file).catch(() => undefined);
  return hash === undefined || content === undefined || hashSecret(content) === hash;
}
