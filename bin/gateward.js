#!/usr/bin/env node
// Kept to syntax and APIs that old Nodes know: the package itself cannot be loaded by a Node that lacks what it needs.
const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 19)) {
  import('../dist/cli/main.js').catch((error) => {
    const isBuilt = error.code !== 'ERR_MODULE_NOT_FOUND' || !String(error.url).endsWith('/dist/cli/main.js');
    if (isBuilt) throw error;
    process.stderr.write(
      'gateward is not built yet. In the repository, npm run build does it, and npm start too.\n',
    );
    process.exitCode = 1;
  });
} else {
  process.stderr.write(
    `gateward needs Node.js 22.19 or newer, and this is ${process.versions.node}: install a newer one (https://nodejs.org/en/download) and run gateward with it.\n`,
  );
  process.exitCode = 1;
}
