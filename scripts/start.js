// The newcomer's first command: builds what is missing or stale, then serves the quick start in this very process, so
// that signals and the exit code are the gateway's own. Further arguments are handed on (`npm start -- --help`).
import './check-node.js';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const { build } = await import('./build.ts');
if (!(await build())) process.exit(1);

const bin = new URL('../bin/gateward.js', import.meta.url);
process.argv.splice(1, 1, fileURLToPath(bin), 'serve', '--config', 'examples/quickstart/gateward.yaml');
await import(bin.href);
