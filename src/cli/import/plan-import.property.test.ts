import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../../config/env.ts';
import { readConfig } from '../../config/load.ts';
import { editDocument } from '../../guard/seal/formats/document.ts';
import { listClientFiles } from '../../guard/seal/list-client-files.ts';
import { createDisk } from '../config-file/disk.ts';
import { openConfigFile } from '../config-file/open-config-file.ts';
import { SecretFiles } from '../config-file/secret-files.ts';
import { findServers } from './find-servers.ts';
import { planImport } from './plan-import.ts';

const token = fc.stringMatching(/^tok[0-9a-f]{24}$/);
const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const name = fc.stringMatching(/^[A-Z][A-Z_]{2,8}$/);
const arg = fc.oneof(
  word,
  token.map((value) => `--api-key=${value}`),
  token.map((value) => `postgres://me:${value}@db/x`),
  token.map((value) => `{"token":"${value}"}`),
);
const stdio = fc.record({
  command: fc.constantFrom('npx', 'uvx', 'node', 'my-server'),
  args: fc.array(arg, { maxLength: 4 }),
  env: fc.dictionary(name, fc.oneof(word, token), { maxKeys: 3, noNullPrototype: true }),
});
const http = fc.record({
  url: token.map((value) => `https://x.example/mcp?key=${value}`),
  headers: fc.dictionary(fc.stringMatching(/^x-[a-z]{2,8}$/), token, { maxKeys: 3, noNullPrototype: true }),
});
const servers = fc.dictionary(word, fc.oneof(stdio, http), { minKeys: 1, maxKeys: 4, noNullPrototype: true });
const environment = readEnvironment({});
const target = { url: 'http://127.0.0.1:3232/mcp', node: '/node', program: '/gateward.js' };

/** Plans an import from one client's file, and keeps its secrets as importing does. */
async function planFor(home: string, text: string) {
  await mkdir(join(home, '.cursor'), { recursive: true });
  await writeFile(join(home, '.cursor', 'mcp.json'), text);
  const file = join(home, 'gateward.yaml');
  const disk = createDisk();
  const edit = await openConfigFile(file, { environment, disk, mayBegin: true });
  const secrets = await SecretFiles.open({ dataDir: edit.loaded.config.dataDir, configFile: file });
  const files = listClientFiles({ home, platform: 'linux', projects: [], variables: {} }, ['cursor']);
  const found = await findServers(files, [target.url]);
  const plan = await planImport({ found, edit, secrets, target, environment, home });
  await secrets.write(disk);
  const { config } = await readConfig(plan.text, { file, env: environment });
  return { plan, config };
}

describe('planImport', () => {
  it('keeps every token out of both files, and means exactly what the client said', async () => {
    await fc.assert(
      fc.asyncProperty(servers, async (mcpServers) => {
        const home = await mkdtemp(join(tmpdir(), 'gateward-plan-'));
        try {
          const text = JSON.stringify({ mcpServers }, null, 2);
          const { plan, config } = await planFor(home, text);
          expect(plan.text).not.toMatch(/tok[0-9a-f]{24}/);
          const wanted = plan.files.flatMap((file) => file.wanted);
          const left = plan.servers.filter(({ state }) => state === 'left').map(({ source }) => source.name);
          const edited: { mcpServers: object } = JSON.parse(editDocument('json', text, wanted));
          const others = Object.keys(edited.mcpServers).filter((key) => !key.startsWith('gateward'));
          expect(others.sort()).toEqual(left.sort());
          for (const server of plan.servers) {
            if (server.state === 'left') continue;
            const upstream = config.upstreams.find((one) => one.name === server.upstream);
            expect(upstream).toMatchObject(JSON.parse(JSON.stringify(server.source.value)));
          }
        } finally {
          await rm(home, { recursive: true, force: true });
        }
      }),
      { numRuns: 60 },
    );
  });
});
