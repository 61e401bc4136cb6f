import { fileURLToPath } from 'node:url';

/** Absolute path of the command `gateward`, which may not be on the PATH of a client. */
export function ownProgram(): string {
  return fileURLToPath(new URL('../../bin/gateward.js', import.meta.url));
}
