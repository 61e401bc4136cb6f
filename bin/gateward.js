#!/usr/bin/env node
// Kept to syntax and APIs that old Nodes know: the package itself cannot be loaded by a Node that lacks what it needs.
const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 19)) {
  void import('../dist/cli/main.js');
} else {
  process.stderr.write(
    `gateward needs Node.js 22.19 or newer, and this is ${process.versions.node}: install a newer one (https://nodejs.org/en/download) and run gateward with it.\n`,
  );
  process.exitCode = 1;
}
