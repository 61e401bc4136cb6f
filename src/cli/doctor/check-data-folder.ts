import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Config, Environment } from '../../config/types.ts';
import { toGatewardError } from '../../errors.ts';
import { ADMIN_KEY_FILE, readMasterSecrets, readOrMakeAdminKey, SECRET_FILE } from '../../store/key-files.ts';
import type { Finding } from './finding.ts';

/** Looks whether the data folder can be used. Makes nothing: what is not there yet, the first start makes. */
export async function checkDataFolder(
  { dataDir: folder, store }: Config,
  { secret, previousSecret }: Environment,
): Promise<Finding[]> {
  const place = await nearestThere(folder);
  if (!(await isThere(place, constants.W_OK | constants.X_OK))) {
    const message = `${place} may not be written by this user.`;
    return [
      { level: 'problem', subject: 'data folder', message, cure: 'Set dataDir to a folder of your own.' },
    ];
  }
  const isShared = store.kind === 'postgres';
  if (place !== folder && !isShared) {
    return [{ level: 'ok', subject: 'data folder', message: `${folder} is made at the first start` }];
  }
  const hasKey = await isThere(join(folder, ADMIN_KEY_FILE), constants.F_OK);
  const hasSecret =
    isShared || secret !== undefined || (await isThere(join(folder, SECRET_FILE), constants.F_OK));
  const findings: Finding[] = [];
  for (const read of [
    ...(hasKey ? [() => readOrMakeAdminKey(folder)] : []),
    ...(hasSecret ? [() => readMasterSecrets({ folder, secret, previousSecret, isShared })] : []),
  ]) {
    await read().catch((thrown: unknown) => {
      const { code, message } = toGatewardError(thrown);
      findings.push({ level: 'problem', subject: 'data folder', message, code });
    });
  }
  return findings.length > 0 ? findings : [{ level: 'ok', subject: 'data folder', message: folder }];
}

/** The folder itself, or the nearest one above it that exists. */
async function nearestThere(folder: string): Promise<string> {
  if ((await isThere(folder, constants.F_OK)) || dirname(folder) === folder) return folder;
  return nearestThere(dirname(folder));
}

async function isThere(path: string, mode: number): Promise<boolean> {
  try {
    await access(path, mode);
    return true;
  } catch {
    return false;
  }
}
