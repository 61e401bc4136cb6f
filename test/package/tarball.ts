import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './run.ts';

/** The root of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The package as it would be published, unpacked beside nothing but its run-time dependencies. */
export interface Installed {
  /** A project folder that has the package under `node_modules`. */
  readonly project: string;
  /** The folder of the package. */
  readonly folder: string;
  /** The files of the package, with forward slashes, sorted. */
  readonly files: readonly string[];
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly optional?: boolean }>>;
}

/** Packs the repository, which builds it, and unpacks the tarball in `project`. No registry is asked. */
export async function installTarball(project: string): Promise<Installed> {
  await runWell(['npm', 'pack', '--pack-destination', project], root);
  const [tarball] = readdirSync(project).filter((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new TypeError('npm pack made no tarball');

  const folder = join(project, 'node_modules', 'gateward');
  mkdirSync(folder, { recursive: true });
  await runWell(['tar', '-xzf', tarball, '-C', folder, '--strip-components=1'], project);
  linkDependencies(project);
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const files = entries.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  return { project, folder, files: files.map((file) => file.replaceAll('\\', '/')).sort() };
}

/** Links what a user's `npm install` would bring: nothing that the lock file marks as for development only. */
function linkDependencies(project: string): void {
  const lock: Lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const runtime = Object.entries(lock.packages).filter(([, entry]) => !entry.dev && !entry.optional);
  for (const [path] of runtime) {
    // The packages inside other packages come with those.
    if (path.lastIndexOf('node_modules/') !== 0) continue;
    mkdirSync(dirname(join(project, path)), { recursive: true });
    symlinkSync(join(root, path), join(project, path), 'junction');
  }
}

async function runWell(command: readonly string[], cwd: string): Promise<void> {
  const { status, stdout, stderr } = await run(command, { cwd });
  if (status !== 0) throw new TypeError(`${command.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
}
