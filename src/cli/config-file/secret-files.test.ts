import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readEnvironment } from '../../config/env.ts';
import { readConfig } from '../../config/load.ts';
import { createDisk } from './disk.ts';
import { addUpstream } from './edit-config-text.ts';
import { SecretFiles } from './secret-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateward-secrets-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Texts as tokens and keys are, with what editors and other systems leave at their ends. */
const ends = fc.constantFrom('', '\n', '\r', '\r\n', '\n\n', '\r\r', ' ', '\uFEFF', '\uFEFF\uFEFF', '\t');
const secret = fc
  .tuple(ends, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), ends)
  .map((parts) => parts.join(''))
  .filter((text) => text.isWellFormed() && !text.includes('\0'));

it('the configuration reads exactly the secret that was kept', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(secret, { minLength: 1, maxLength: 8 }), async (values) => {
      const configFile = join(folder, 'gateward.yaml');
      const secrets = await SecretFiles.open({ dataDir: join(folder, 'data'), configFile });
      const env = Object.fromEntries(values.map((value, n) => [`A${n}`, secrets.keep('a', 'token', value)]));
      await secrets.write(createDisk());
      const text = addUpstream('', 'a', { command: 'npx', env });
      const { config } = await readConfig(text, { file: configFile, env: readEnvironment({}) });
      const [upstream] = config.upstreams;
      expect(upstream?.kind === 'stdio' ? Object.values(upstream.env) : []).toEqual(values);
    }),
    { numRuns: 40 },
  );
});
