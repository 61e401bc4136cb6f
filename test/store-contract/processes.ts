import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const PROCESS = fileURLToPath(new URL('process.ts', import.meta.url));

/** Starts processes at once that open a store and write to one session. Gives the last line that each of them says. */
export async function runProcesses(location: string, count: number, session: string): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const child = spawn(process.execPath, [PROCESS, location, session, String(n)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
      return said.trim();
    }),
  );
}
