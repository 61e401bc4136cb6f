/** Finds the programs that a sandbox is made with. */
import { isAbsolute, join } from 'node:path';
import { isProgram } from '../resolve-program.ts';
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

const NEEDED: readonly MissingTool[] = [
  { name: 'bwrap', packageName: 'bubblewrap' },
  { name: 'socat', packageName: 'socat' },
  { name: 'rg', packageName: 'ripgrep' },
  { name: 'bash', packageName: 'bash' },
  { name: 'which', packageName: 'which' },
];

/** The absolute folders of a search path that lie in none of `writable`: what a sandboxed process could put there. */
export function safePath(path: string, writable: readonly string[]): string {
  return path
    .split(':')
    .filter((folder) => isAbsolute(folder) && !writable.some((place) => isInside(folder, place)))
    .join(':');
}

/** All of them, or those that are missing. `path` is a search path such as safePath gives. */
export async function findTools(path: string): Promise<SandboxTools | readonly MissingTool[]> {
  const found = await Promise.all(NEEDED.map(({ name }) => findProgram(name, path)));
  const [bwrap, socat, rg, bash, which] = found;
  if (bwrap && socat && rg && bash && which) return { bwrap, socat, rg, bash };
  return NEEDED.filter((_, index) => found[index] === undefined);
}

async function findProgram(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(':')) {
    const file = join(folder, name);
    if (folder !== '' && (await isProgram(file))) return file;
  }
  return undefined;
}
