import type { Config, Environment } from '../config/types.ts';
import { makeDataFolder, readMasterSecrets, readOrMakeAdminKey } from '../store/key-files.ts';

/** What a gateway keeps beside its store. */
export interface PreparedData {
  readonly adminKey: string;
  /** The first one seals; all of them open. */
  readonly secrets: readonly [Buffer, ...Buffer[]];
}

/**
 * Makes the data folder and what belongs into it, where it is missing.
 *
 * @throws GatewardError DATA_FOLDER_UNUSABLE, SECRET_INVALID
 */
export async function prepareData(
  { dataDir: folder, store }: Config,
  { secret, previousSecret }: Environment,
): Promise<PreparedData> {
  await makeDataFolder(folder);
  const adminKey = await readOrMakeAdminKey(folder);
  const isShared = store.kind === 'postgres';
  return { adminKey, secrets: await readMasterSecrets({ folder, secret, previousSecret, isShared }) };
}
