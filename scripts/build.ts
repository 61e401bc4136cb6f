// Builds `dist` from `src`: JavaScript and declarations by tsc, and the JSON Schema of the configuration file.
//   node scripts/build.ts           builds unless `dist` is what these sources give
//   node scripts/build.ts --force   builds in any case, with no memory of an earlier build (used by `npm pack`)
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, 'node_modules', '.cache', 'gateward');
const stampFile = join(cache, 'build-stamp');
const compilerMemory = join(cache, 'build.tsbuildinfo');

/** Builds what is missing or stale; true if `dist` then fits `src`. tsc's complaints go to stderr. */
export async function build({ force = false } = {}): Promise<boolean> {
  const stamp = stampOf(listInputs());
  const complete = existsSync(join(root, 'dist', 'cli', 'main.js'));
  if (!force && complete && readIfThere(stampFile) === stamp) return true;

  console.error('building dist ...');
  // tsc trusts its memory of what it emitted, so the memory must go whenever the output may be incomplete.
  if (force || !complete) rmSync(compilerMemory, { force: true });
  mkdirSync(cache, { recursive: true });
  if (!compile()) {
    rmSync(stampFile, { force: true });
    return false;
  }
  removeOrphans();
  await writeConfigSchema();
  writeFileSync(stampFile, stamp);
  return true;
}

function compile(): boolean {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const args = [tsc, '-p', 'tsconfig.build.json', '--incremental', '--tsBuildInfoFile', compilerMemory];
  return spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] }).status === 0;
}

/** Editors use the schema for completion; it is published as `gateward/config.schema.json`. */
async function writeConfigSchema(): Promise<void> {
  // Imported late, so that a fault in the sources is shown by tsc and not by the loader.
  const { publishConfigSchema } = await import('../src/config/json-schema.ts');
  const text = `${JSON.stringify(publishConfigSchema(), null, 2)}\n`;
  writeFileSync(join(root, 'dist', 'config.schema.json'), text);
}

/** What tsc emitted for a source that is gone would still be packed and imported. */
function removeOrphans(): void {
  const dist = join(root, 'dist');
  for (const path of listFiles(dist)) {
    const stem = /^(.*)\.(?:js|d\.ts)$/.exec(path.slice(dist.length))?.[1];
    if (stem !== undefined && !existsSync(join(root, 'src', `${stem}.ts`))) rmSync(path);
  }
}

function listInputs(): string[] {
  const settings = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.ts'];
  return [...settings.map((name) => join(root, name)), ...listFiles(join(root, 'src'))];
}

function stampOf(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) {
    const { mtimeMs, size } = statSync(path);
    hash.update(`${path}\0${mtimeMs}\0${size}\n`);
  }
  return hash.digest('hex');
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

if (import.meta.main) {
  process.exitCode = (await build({ force: process.argv.includes('--force') })) ? 0 : 1;
}
