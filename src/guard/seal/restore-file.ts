import type { Change } from './compare-file.ts';
import type { Wanted } from './formats/document.ts';
import { editClientFile } from './write-client-file.ts';

/**
 * Puts the changed parts of one file back as they were sealed, and nothing else. What concerns the whole file is not
 * for a program to repair.
 *
 * @throws GatewardError CLIENT_CONFIG_INVALID if it cannot be read, edited or written; nothing is lost then.
 */
export async function restoreParts(changes: readonly Change[]): Promise<void> {
  const parts = changes.filter(({ kind }) => kind !== 'file');
  const [first] = parts;
  if (first === undefined) return;
  const wanted: readonly Wanted[] = parts.map(({ path, before }) => ({ path, value: before }));
  await editClientFile(first.file, wanted);
}
