import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { GatewardError } from '../../errors.ts';
import { errorCode } from '../../lib/error-code.ts';
import type { Seal } from '../../lib/seal.ts';
import type { Baseline } from './baseline.ts';

/** The file of the seal in the data folder. */
const SEAL_FILE = 'client-seal';
const USE = 'client-seal';

const selectorSchema = z.strictObject({
  kind: z.enum(['server', 'hook', 'trust']),
  at: z.array(z.string()).readonly(),
  protects: z.literal(true).exactOptional(),
});
const partSchema = z.strictObject({
  kind: z.enum(['server', 'hook', 'trust']),
  path: z.array(z.string()).readonly(),
  pointer: z.string(),
  name: z.string(),
  value: z.unknown(),
  protects: z.literal(true).exactOptional(),
  isIdle: z.literal(true).exactOptional(),
  digest: z.string(),
});
const fileSchema = z.strictObject({
  client: z.string(),
  path: z.string(),
  format: z.enum(['json', 'toml', 'yaml']),
  scope: z.enum(['user', 'project']),
  selectors: z.array(selectorSchema).readonly(),
  realPath: z.string().nullable(),
  parts: z.array(partSchema).readonly(),
});
const baselineSchema = z.strictObject({
  version: z.literal(1),
  sealedAt: z.string(),
  home: z.string(),
  projects: z.array(z.string()).readonly(),
  gateways: z.array(z.string()).readonly(),
  files: z.array(fileSchema).readonly(),
});

/**
 * The sealed text in a data folder; undefined if nothing was sealed there.
 *
 * @throws GatewardError DATA_FOLDER_UNUSABLE
 */
export async function readSealText(folder: string): Promise<string | undefined> {
  const file = join(folder, SEAL_FILE);
  try {
    return (await readFile(file, 'latin1')).trim();
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw unusable(`${file} cannot be read (${errorCode(cause) || 'unknown'}).`, cause);
  }
}

/**
 * What a sealed text holds.
 *
 * @throws GatewardError SEAL_INVALID if it was changed, or made with another key.
 */
export function openBaseline(text: string, seal: Seal): Baseline {
  const plain = seal.open(text, USE);
  if (plain === undefined) throw new GatewardError('SEAL_INVALID');
  try {
    return baselineSchema.parse(JSON.parse(plain.toString('utf8')));
  } catch (cause) {
    throw new GatewardError('SEAL_INVALID', { detail: 'It was made by another version.', cause });
  }
}

/**
 * Puts a seal in place of the one before, whole: after a fault the old one is still there. For the owner alone.
 *
 * @throws GatewardError DATA_FOLDER_UNUSABLE
 */
export async function writeBaseline(folder: string, baseline: Baseline, seal: Seal): Promise<void> {
  const file = join(folder, SEAL_FILE);
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(`${seal.seal(Buffer.from(JSON.stringify(baseline)), USE)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  } catch (cause) {
    throw unusable(
      `${file} cannot be written (${errorCode(cause) || 'unknown'}); the seal before it, if any, still holds.`,
      cause,
    );
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

function unusable(detail: string, cause: unknown): GatewardError {
  return new GatewardError('DATA_FOLDER_UNUSABLE', { detail, cause });
}
