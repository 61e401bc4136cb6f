// Importing this file ends the process, with the cure, when it does not run on the Node that package.json pins.
// Plain JavaScript: it has to run on the Node of a machine where nothing is installed yet.
import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const pinned = `v${manifest.devDependencies.node}`;

if (process.version !== pinned) {
  process.stderr.write(
    [
      `This is Node ${process.version}, and Gateward is built and tested with the pinned ${pinned}.`,
      'Run `npm ci`: it installs the pinned Node under node_modules, and npm scripts find it there first.',
      'If you did, npm kept the install script of the package `node` from running: look for `ignore-scripts` in',
      '`npm config list`, keep "node": true under `allowScripts` in package.json, and run `npm ci` again.',
      '',
    ].join('\n'),
  );
  process.exit(1);
}
