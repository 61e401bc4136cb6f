import type { Environment } from '../../config/types.ts';
import { type GatewardError, toGatewardError } from '../../errors.ts';
import { isSame, valueAt } from '../../guard/seal/formats/tree.ts';
import type { Disk } from '../config-file/disk.ts';
import { entryIn } from '../config-file/edit-config-text.ts';
import { absolutePath, type ConfigFileEdit, saveConfigFile } from '../config-file/open-config-file.ts';
import type { SecretFiles } from '../config-file/secret-files.ts';
import type { Backup, Backups } from './backup.ts';
import { editText, invalid, parseText, textOf } from './edit-file.ts';
import type { ImportPlan, PlannedFile } from './plan-import.ts';

/** What carrying out takes. */
export interface CarryOutParts {
  readonly edit: ConfigFileEdit;
  readonly secrets: SecretFiles;
  readonly backups: Backups;
  readonly environment: Environment;
  /** For the gateway's own files, and for those of clients: their faults have different codes. */
  readonly disk: Disk;
  readonly clientDisk: Disk;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What came of a plan. */
export interface CarriedOut {
  /** Path of the sealed backup. */
  readonly backup: string;
  readonly changed: readonly PlannedFile[];
  /** Files of clients that could not be changed. Their servers are with the gateway all the same. */
  readonly failed: readonly { readonly file: PlannedFile; readonly error: GatewardError }[];
}

/**
 * Carries out a plan. Everything is on the disk before what depends on it is written: the sealed backup, then the files of
 * tokens, then the configuration that names them, and only then the files of clients, one by one. So whenever it ends,
 * each server and each token is in its client's file, in the gateway's, or in both, and a second import does the rest.
 *
 * @throws GatewardError before any file of a client was changed; then all is as it was.
 */
export async function carryOut(plan: ImportPlan, parts: CarryOutParts): Promise<CarriedOut> {
  const { edit, secrets, backups, environment, disk, clientDisk } = parts;
  const backup = await backups.write(await makeBackup(plan, parts), disk);
  try {
    await secrets.write(disk);
    if (plan.added.length > 0) await saveConfigFile(edit, plan.text, { environment, disk });
  } catch (error) {
    await secrets.undo(disk);
    await disk.remove(backup);
    throw error;
  }
  const changed: PlannedFile[] = [];
  const failed: { file: PlannedFile; error: GatewardError }[] = [];
  for (const file of plan.files) {
    try {
      await changeFile(file, clientDisk);
      changed.push(file);
    } catch (error) {
      failed.push({ file, error: toGatewardError(error) });
    }
  }
  return { backup, changed, failed };
}

async function makeBackup(
  plan: ImportPlan,
  { edit, secrets, clientDisk, now }: CarryOutParts,
): Promise<Backup> {
  const files = await Promise.all(
    plan.files.map(async (planned) => {
      const { client, path, format } = planned.file;
      const text = textOf(planned.file, (await clientDisk.read(path)).bytes);
      checkStill(planned, text);
      return {
        client,
        path,
        format,
        before: Buffer.from(text).toString('base64'),
        wanted: planned.wanted.map((one) => ({ path: [...one.path], value: one.value })),
        removed: planned.removed.map((one) => ({ path: [...one.path], value: one.written })),
      };
    }),
  );
  return {
    form: 1,
    madeAt: new Date(now).toISOString(),
    config: absolutePath(edit),
    upstreams: [...plan.added],
    entries: Object.fromEntries(plan.added.map((name) => [name, entryIn(plan.text, name)])),
    secretFiles: [...secrets.files],
    secretHashes: { ...secrets.hashes },
    files,
  };
}

async function changeFile(planned: PlannedFile, disk: Disk): Promise<void> {
  const { file, wanted } = planned;
  const image = await disk.read(file.path);
  const text = textOf(file, image.bytes);
  checkStill(planned, text);
  await disk.replace(image, Buffer.from(editText(file, text, wanted)));
}

/** Clients write their files whenever they like; what they changed meanwhile must not be taken away unseen. */
function checkStill({ file, removed }: PlannedFile, text: string): void {
  const value = parseText(file, text);
  const changed = removed.find((server) => !isSame(valueAt(value, server.path), server.written));
  if (changed === undefined) return;
  throw invalid(file.path, `was changed meanwhile at ${changed.path.join('.')}; import again`);
}
