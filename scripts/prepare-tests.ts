// Installs what only the interoperability suites need: a package of its own under `test/interop`, so that `npm ci` in
// the root stays quick.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const install = fileURLToPath(new URL('../test/interop/install.ts', import.meta.url));

if (existsSync(install)) {
  process.exitCode = spawnSync(process.execPath, [install], { stdio: 'inherit' }).status ?? 1;
}
