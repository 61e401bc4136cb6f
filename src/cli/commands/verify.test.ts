import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTerminal } from '../terminal.ts';
import { sealClients } from './seal.ts';
import { verifyClients } from './verify.ts';

const TRUSTED = { projects: { '/work': { hasTrustDialogAccepted: true } } };
const UNTRUSTED = { projects: { '/work': { hasTrustDialogAccepted: false } } };
const OFFER = 'gateward watch --restore puts alarms back.';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'gateward-verify-'));
  await writeFile(join(home, '.claude.json'), JSON.stringify(UNTRUSTED));
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** Seals what is there, then looks at it after the file was written; gives what was said. */
async function verify(text: string): Promise<{ code: number; said: string }> {
  let said = '';
  const stream = { write: (piece: string) => (said += piece) };
  const terminal = createTerminal({ stdout: stream, stderr: stream }, false);
  const flags = { home, data: join(home, 'data'), client: ['claude-code'] };
  await sealClients(flags, terminal);
  expect(said).toContain('Sealed 0 parts of 1 file; 2 files that are not there yet are guarded too.');
  await writeFile(join(home, '.claude.json'), text);
  said = '';
  return { code: await verifyClients(flags, terminal), said };
}

describe('gateward verify', () => {
  it('offers to put an alarm back', async () => {
    const { code, said } = await verify(JSON.stringify(TRUSTED));
    expect(code).toBe(1);
    expect(said).toContain(OFFER);
    expect(said).toContain('1 part differs since ');
  });

  it('does not offer to put back a file that cannot be read', async () => {
    const { code, said } = await verify('{');
    expect(code).toBe(1);
    expect(said).toContain('is unreadable');
    expect(said).not.toContain('--restore');
    expect(said).toContain('What you did yourself: gateward seal');
  });
});
