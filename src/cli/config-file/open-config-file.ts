import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { readConfig } from '../../config/load.ts';
import type { Environment, LoadedConfig } from '../../config/types.ts';
import { GatewardError } from '../../errors.ts';
import { DEFAULT_FILE } from '../choose-config.ts';
import type { Disk, FileImage } from './disk.ts';

/** A configuration file that is about to be changed. */
export interface ConfigFileEdit {
  /** The path as the operator knows it. */
  readonly file: string;
  /** Undefined bytes: it is still to be made. */
  readonly image: FileImage;
  readonly text: string;
  /** What it says as it stands. */
  readonly loaded: LoadedConfig;
}

/** What editing takes. */
export interface EditOptions {
  readonly environment: Environment;
  readonly disk: Disk;
  /** Whether a file that does not exist is begun. */
  readonly mayBegin: boolean;
}

/**
 * Opens the configuration file: what the command line says, else GATEWARD_CONFIG, else ./gateward.yaml. Throws as
 * `loadConfig` for a file that is not valid as it stands.
 */
export async function openConfigFile(
  given: string | undefined,
  options: EditOptions,
): Promise<ConfigFileEdit> {
  const { environment, disk, mayBegin } = options;
  const file = given ?? environment.configFile ?? DEFAULT_FILE;
  if (!mayBegin && !existsSync(file)) {
    throw new GatewardError('CONFIG_UNREADABLE', { detail: `There is no ${file}.` });
  }
  const image = await disk.read(file);
  const text = image.bytes === undefined ? beginning(file) : decode(image.bytes, file);
  return { file, image, text, loaded: await readConfig(text, { file, env: environment }) };
}

/**
 * Puts a new text in place of the file, if the loader takes it; otherwise nothing changes. Gives what it says then.
 *
 * @throws GatewardError as `loadConfig`; CONFIG_UNREADABLE if it cannot be written, or changed in the meantime.
 */
export async function saveConfigFile(
  { file, image }: ConfigFileEdit,
  text: string,
  { environment, disk }: Pick<EditOptions, 'environment' | 'disk'>,
): Promise<LoadedConfig> {
  const loaded = await readConfig(text, { file, env: environment });
  await disk.replace(image, Buffer.from(text));
  return loaded;
}

/** The absolute path of a configuration file, from whose folder relative paths in it start. */
export function absolutePath({ file }: Pick<ConfigFileEdit, 'file'>): string {
  return resolve(file);
}

function beginning(file: string): string {
  return file.endsWith('.json') ? '{}\n' : '';
}

function decode(bytes: Buffer, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new GatewardError('CONFIG_UNREADABLE', { detail: `${file} is not UTF-8 text.`, cause });
  }
}
