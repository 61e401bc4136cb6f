import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readEnvironment } from '../../config/env.ts';
import { createTerminal } from '../terminal.ts';
import { type ImportOptions, importServers } from './import.ts';

let home: string;
let config: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'gateward-import-'));
  config = join(home, 'gateward.yaml');
  await mkdir(join(home, '.cursor'));
  const mcpServers = { notes: { url: 'https://notes.example/mcp' } };
  await writeFile(join(home, '.cursor', 'mcp.json'), JSON.stringify({ mcpServers }));
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** Imports with one answer; gives what was said and asked. */
async function importAll(options: Partial<ImportOptions> = {}, answer = 'y', configFile = '') {
  let said = '';
  const asked: string[] = [];
  const stream = { write: (piece: string) => (said += piece) };
  const code = await importServers(
    {
      config,
      clients: [],
      home,
      projects: [],
      url: undefined,
      isDryRun: false,
      isAgreed: false,
      ...options,
    },
    {
      terminal: createTerminal({ stdout: stream, stderr: stream }, false),
      environment: readEnvironment({ PATH: process.env['PATH'], GATEWARD_CONFIG: configFile }),
      ask: async ({ text }) => {
        asked.push(text);
        return answer;
      },
    },
  );
  return { code, said, asked };
}

describe('gateward import', () => {
  it('says in its question who starts what it moves', async () => {
    const { asked } = await importAll();
    expect(asked).toEqual([
      `Move 1 server into ${config}? Import itself starts nothing; a gateway that runs with this file does, where no approval is needed. [y/N] `,
    ]);
  });

  it('counts one thing as one', async () => {
    const { said } = await importAll();
    expect(said).toContain(`1 upstream was added to ${config}, and 1 file of a client leads to the gateway.`);
  });

  it('ends with a hint that leads the seal to the same configuration', async () => {
    const { said } = await importAll();
    expect(said).toContain(`gateward seal -c ${config}; gateward verify -c ${config} says`);
  });

  it('names no configuration where GATEWARD_CONFIG leads the seal to it', async () => {
    const { said } = await importAll({ config: undefined }, 'y', config);
    expect(said).toContain('gateward seal; gateward verify says');
  });
});
