/** Finds the programs that a sandbox is made with. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { isInside } from './settings.ts';

/** Absolute paths, as they were found. */
export interface SandboxTools {
  readonly bwrap: string;
  readonly socat: string;
  readonly rg: string;
  readonly bash: string;
}

/** A program that is not there, and how it is had. */
export interface MissingTool {
  readonly name: string;
  /** The package of Debian, Fedora and Arch that has it. */
  readonly packageName: string;
}

const PACKAGES = {
  bwrap: 'bubblewrap',
  socat: 'socat',
  rg: 'ripgrep',
  bash: 'bash',
  which: 'which',
} as const;

/** The absolute folders of a search path that lie in none of `writable`: what a sandboxed process could put there. */
export function safePath(path: string, writable: readonly string[]): string {
  return path
    .split(':')
    .filter((folder) => isAbsolute(folder) && !writable.some((place) => isInside(folder, place)))
    .join(':');
}

/** All of them, or those that are missing. `path` is a search path such as safePath gives. */
export async function findTools(path: string): Promise<SandboxTools | readonly MissingTool[]> {
  const [bwrap, socat, rg, bash, which] = await Promise.all([
    findProgram('bwrap', path),
    findProgram('socat', path),
    findProgram('rg', path),
    findProgram('bash', path),
    findProgram('which', path),
  ]);
  if (bwrap && socat && rg && bash && which) return { bwrap, socat, rg, bash };
  return Object.entries({ bwrap, socat, rg, bash, which })
    .filter(([, found]) => found === undefined)
    .map(([name]) => ({ name, packageName: packageOf(name) }));
}

function packageOf(name: string): string {
  return Object.entries(PACKAGES).find(([program]) => program === name)?.[1] ?? name;
}

async function findProgram(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(':')) {
    const file = join(folder, name);
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (folder !== '' && isThere) return file;
  }
  return undefined;
}
