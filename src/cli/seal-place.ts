import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { readEnvironment } from '../config/env.ts';
import { loadConfig } from '../config/load.ts';
import type { Config, Environment } from '../config/types.ts';
import { GatewardError } from '../errors.ts';
import type { Baseline } from '../guard/seal/baseline.ts';
import { findClient } from '../guard/seal/list-client-files.ts';
import type { Place } from '../guard/seal/place-file.ts';
import { openBaseline, readSealText } from '../guard/seal/seal-file.ts';
import { createSeal, type Seal } from '../lib/seal.ts';
import { readMasterSecrets } from '../store/key-files.ts';
import { listenUrl } from './listen-url.ts';

/** What the commands of the seal are given. */
export interface SealFlags {
  readonly config?: string;
  /** Where the seal lies. */
  readonly data?: string;
  readonly home?: string;
  readonly project?: readonly string[];
  readonly client?: readonly string[];
  readonly gateway?: readonly string[];
}

/** Where the clients are, and where their seal is. */
export interface SealPlace {
  readonly place: Place;
  /** The data folder. */
  readonly folder: string;
  readonly clients: readonly string[] | undefined;
  readonly gateways: readonly string[];
  /** Reads the key of the seal, or makes it. Throws what `readMasterSecrets` throws. */
  readonly openSeal: () => Promise<Seal>;
}

/** The gateway that is meant where no configuration is named. */
export const LOCAL_GATEWAY = 'http://127.0.0.1:3232';

/**
 * Settles the flags. The seal belongs to a user, not to a folder, so ./gateward.yaml does not count: a configuration is
 * that of --config or GATEWARD_CONFIG.
 *
 * @throws GatewardError INPUT_UNREADABLE for a client that is not known; what loading a configuration throws.
 */
export async function findSealPlace(flags: SealFlags): Promise<SealPlace> {
  const environment = readEnvironment();
  const home = flags.home === undefined ? homedir() : await folderOf('--home', flags.home);
  const config = await readConfigured(flags.config ?? environment.configFile, environment);
  const folder = flags.data === undefined ? (config?.folder ?? join(home, '.gateward')) : resolve(flags.data);
  const { secret, previousSecret } = environment;
  const projects = await Promise.all((flags.project ?? []).map((project) => folderOf('--project', project)));
  return {
    place: {
      home,
      platform: process.platform,
      projects,
      // Another home is another user: what moves folders of this one says nothing there.
      variables: flags.home === undefined ? environment.variables : {},
    },
    folder,
    clients: flags.client?.map(knownClient),
    gateways: flags.gateway ?? config?.gateways ?? [LOCAL_GATEWAY],
    openSeal: async () =>
      createSeal(...(await readMasterSecrets({ folder, secret, previousSecret, isShared: false }))),
  };
}

/** A folder that is not there is a slip of the keyboard, and would be sealed as empty. */
async function folderOf(option: string, given: string): Promise<string> {
  const folder = resolve(given);
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() === true) return folder;
  throw new GatewardError('INPUT_UNREADABLE', { detail: `${option}: ${folder} is no folder.` });
}

interface Configured {
  readonly folder: string;
  readonly gateways: readonly string[];
}

async function readConfigured(
  file: string | undefined,
  environment: Environment,
): Promise<Configured | undefined> {
  if (file === undefined) return undefined;
  const { config } = await loadConfig({ file, env: environment });
  return { folder: config.dataDir, gateways: gatewaysOf(config) };
}

/** The URLs that lead to the gateway of a configuration. */
export function gatewaysOf({ listen, publicUrl }: Pick<Config, 'listen' | 'publicUrl'>): readonly string[] {
  return [listenUrl(listen), ...(publicUrl === undefined ? [] : [publicUrl])];
}

function knownClient(id: string): string {
  if (findClient(id) !== undefined) return id;
  throw new GatewardError('INPUT_UNREADABLE', { detail: `No client is called ${id}. See docs/seal.md.` });
}

/** What was sealed, and its text, by which a new seal is told. */
export interface OpenedSeal {
  readonly text: string;
  readonly baseline: Baseline;
}

/**
 * Reads the seal of a data folder.
 *
 * @throws GatewardError SEAL_MISSING, SEAL_INVALID; what reading the key throws.
 */
export async function readSeal(found: SealPlace): Promise<OpenedSeal> {
  const text = await readSealText(found.folder);
  // Before the key is read, which would make one.
  if (text === undefined) throw new GatewardError('SEAL_MISSING');
  return { text, baseline: openBaseline(text, await found.openSeal()) };
}
