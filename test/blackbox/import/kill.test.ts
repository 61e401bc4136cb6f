import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLIENT_FILES, makeHome, type TestHome } from './homes.ts';

const FILES = Object.fromEntries(
  ['.cursor/mcp.json', '.codex/config.toml'].map((path) => [path, CLIENT_FILES[path] ?? '']),
);
const TOKENS = new Set(
  Object.values(FILES)
    .join()
    .match(/CANARY-\w+/g),
);
const MINUTES = 180_000;

/** Gives the signal that ended it, or null. */
async function killBefore(at: TestHome, write: number): Promise<string | null> {
  const script = join(import.meta.dirname, 'kill-at-write.ts');
  const child = spawn(process.execPath, [script, at.configFile, at.home, `${write}`], { stdio: 'inherit' });
  const [, signal] = await once(child, 'close');
  return signal;
}

async function whereIs(at: TestHome, token: string): Promise<readonly string[]> {
  const all = await at.all();
  return Object.keys(all).filter((path) => all[path]?.includes(token));
}

describe('an import that is killed', () => {
  it(
    'loses no token before any of its writes, and a second one does the rest',
    async () => {
      let writes = 0;
      for (let isOver = false; !isOver; writes += 1) {
        const at = await makeHome();
        try {
          await at.write(FILES);
          isOver = (await killBefore(at, writes)) === null;
          for (const token of TOKENS) expect(await whereIs(at, token)).not.toEqual([]);
          const again = await at.run(['import', '--yes']);
          expect(again).toMatchObject({ code: 0 });
          for (const token of TOKENS) {
            const places = await whereIs(at, token);
            expect(places).toHaveLength(1);
            expect(places[0]).toMatch(/^gateway\/data\/secrets\//);
          }
          const config = await at.read('gateway/gateward.yaml');
          expect(config.match(/notes-mcp/g)).toHaveLength(1);
        } finally {
          await at.remove();
        }
      }
      // A backup, its folder, the folder of secrets, the tokens, the configuration, the files of clients.
      expect(writes - 1).toBe(3 + TOKENS.size + 1 + Object.keys(FILES).length);
    },
    MINUTES,
  );
});
