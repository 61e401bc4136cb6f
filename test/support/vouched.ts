/** What the configurations of tests vouch for (`launch`), so that the gateway starts their programs. */
import { join } from 'node:path';

/** The programs of this repository and of its packages, by this Node, which the gateway may not be run by. */
export const VOUCHED = {
  folders: [join(import.meta.dirname, '..', '..')],
  programs: [process.execPath],
} as const;

/** Everything, for programs that no operator would vouch for: code in an argument, odd variables. */
export const UNGUARDED = { dangerouslyStartUnapproved: true } as const;
