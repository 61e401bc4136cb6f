import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GatewardError } from '../../errors.ts';
import { NO_POLICY } from '../../guard/launch/launch.ts';
import { hasHidden } from '../../lib/hidden-text.ts';
import { createTerminal } from '../terminal.ts';
import { checkLaunches } from './launch-check.ts';

const GOOD = { command: 'npx', args: ['-y', 'notes-mcp@1.2.3'], env: {} };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateward-launch-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function check(content: string, isJson = true): Promise<{ code: number; out: string }> {
  const file = join(folder, 'launches.json');
  await writeFile(file, content);
  let out = '';
  const stdout = { write: (text: string) => (out += text) };
  const terminal = createTerminal({ stdout, stderr: stdout }, isJson);
  const code = await checkLaunches({ file, policy: NO_POLICY }, terminal);
  return { code, out };
}

describe('gateward launch check', () => {
  it('names the file that it cannot read, and why', async () => {
    const file = join(folder, 'absent.json');
    const terminal = createTerminal({ stdout: process.stdout, stderr: process.stderr }, true);
    await expect(checkLaunches({ file, policy: NO_POLICY }, terminal)).rejects.toThrow(
      `${file} does not exist.`,
    );
  });

  it('ends in 0 if every launch is accepted', async () => {
    const { code, out } = await check(JSON.stringify([GOOD]));
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual([
      { index: 0, verdict: 'accept', rule: 'npm.exact', reason: expect.stringMatching(/\.$/) },
    ]);
  });

  it('ends in 1 if any is not, and judges each', async () => {
    const launches = [
      GOOD,
      { command: 'npx', args: ['notes-mcp'] },
      { command: 'sh', args: ['-c', 'id'] },
      7,
    ];
    const { code, out } = await check(JSON.stringify(launches));
    expect(code).toBe(1);
    const verdicts: { index: number; verdict: string }[] = JSON.parse(out);
    expect(verdicts.map(({ index, verdict }) => `${index} ${verdict}`)).toEqual([
      '0 accept',
      '1 needs-version',
      '2 needs-approval',
      '3 refuse',
    ]);
  });

  it('shows people every argument on a line of its own, whole, with what hides in it', async () => {
    const long = 'x'.repeat(3000);
    const args = ['-y', 'notes-mcp@1.2.3', 'a\u202eb\n\u001b[2K', long];
    const { out } = await check(JSON.stringify([{ ...GOOD, args, env: { 'A\u200b': 'b c' } }]), false);
    const lines = out.split('\n').map((line) => line.trim());
    expect(lines).toEqual(
      expect.arrayContaining([
        '"npx"',
        '"-y"',
        '"a<U+202E>b<U+000A><U+001B>[2K"',
        `"${long}"`,
        'env "A<U+200B>" = "b c"',
      ]),
    );
    expect(hasHidden(out.replaceAll('\n', ''))).toBe(false);
  });

  it.each(['{}', '[', '', '[{"command":"a","command":"b"}]'])(
    'says so if there is nothing to judge: %s',
    async (text) => {
      await expect(check(text)).rejects.toThrow(GatewardError);
      await expect(check(text)).rejects.toMatchObject({
        code: 'INPUT_UNREADABLE',
        message: expect.stringMatching(/JSON array of .* gateward doctor\.$/),
      });
    },
  );
});
