import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Answer, Task } from '../../interop/clients/script.ts';

const run = promisify(execFile);
const INTEROP = join(import.meta.dirname, '..', '..', 'interop');

/** For tests that run programs with many modules, on a machine that may be busy. */
export const PROGRAM_TIMEOUT_MS = 90_000;

/** The path of a program of the interoperability package. */
export function interopProgram(path: string): string {
  return join(INTEROP, 'node_modules', path);
}

/** Runs a program on this Node and gives what it printed. Rejects with its output if it fails or takes too long. */
export async function runNode(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const options = { timeout: PROGRAM_TIMEOUT_MS / 2, env: { ...process.env, ...env } };
  const { stdout } = await run(process.execPath, [...args], options);
  return stdout;
}

/** Runs one of the client scripts of the interoperability package. */
export async function runClientScript(name: string, task: Task): Promise<Answer> {
  const script = join(INTEROP, 'clients', `${name}.ts`);
  return JSON.parse(await runNode([script, JSON.stringify(task)]));
}
