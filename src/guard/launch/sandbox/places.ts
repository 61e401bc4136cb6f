/** Where things lie that a sandbox has to do with. */
import { realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What runs outside every sandbox, or makes one. All paths are absolute and without links. */
export interface RuntimePlaces {
  /** The Node that runs the gateway. */
  readonly node: string;
  /** sandbox-runtime's command line. */
  readonly srt: string;
  /** The folder of sandbox-runtime. */
  readonly runtime: string;
  /** The folder of the gateway's package. */
  readonly gateward: string;
  /** The folder of the gateway's program. */
  readonly code: string;
}

/** Looks where the gateway and sandbox-runtime lie. Throws if sandbox-runtime is not installed. */
export async function findRuntime(): Promise<RuntimePlaces> {
  const main = createRequire(import.meta.url).resolve('@anthropic-ai/sandbox-runtime');
  const srt = await realpath(join(dirname(main), 'cli.js'));
  const code = await realpath(fileURLToPath(new URL('../../..', import.meta.url)));
  return {
    node: await realpath(process.execPath),
    srt,
    runtime: dirname(dirname(srt)),
    gateward: dirname(code),
    code,
  };
}

/** The folders of temporary files that are there, without links. */
export async function findTemporary(): Promise<string[]> {
  const found = await Promise.all(
    ['/tmp', '/var/tmp', tmpdir()].map((path) => realpath(path).catch(() => '')),
  );
  return [...new Set(found)].filter((path) => path !== '' && path !== '/');
}

/** The path without links, as far as it is there. */
export async function realPathOf(path: string): Promise<string> {
  const real = await realpath(path).catch(() => undefined);
  if (real !== undefined || dirname(path) === path) return real ?? path;
  return join(await realPathOf(dirname(path)), basename(path));
}
