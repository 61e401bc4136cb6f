/** Keys of a gateway under test, made as operators make them: by the command line. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { gatewardCommand } from './gateway.ts';

/** What a command printed and ended with. */
export interface CommandEnded {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. */
export async function runGateward(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandEnded> {
  const [program, ...first] = gatewardCommand();
  const child = spawn(program, [...first, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    stdout += piece;
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece;
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

/** A key and the headers that show it. */
export interface TestKey {
  readonly id: string;
  readonly text: string;
  readonly headers: { readonly authorization: string };
}

/** Makes a key in the store of a configuration. `more` goes onto the command line. */
export async function createKey(configFile: string, name: string, ...more: string[]): Promise<TestKey> {
  const args = ['key', 'create', '--config', configFile, '--name', name, '--json', ...more];
  const { code, stdout, stderr } = await runGateward(args);
  if (code !== 0) throw new TypeError(`no key: ${stdout}${stderr}`);
  const { key, id } = JSON.parse(stdout) as { key: string; id: string };
  return { id, text: key, headers: { authorization: `Bearer ${key}` } };
}
