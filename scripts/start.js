// The newcomer's first command: builds what is missing or stale, then serves the quick start in this very process, so
// that signals and the exit code are the gateway's own. Further arguments are handed on (`npm start -- --help`).
import './check-node.js';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const { build } = await import('./build.ts');
if (!(await build())) process.exit(1);

// npm hands a signal to its shell alone, and a shell may end without handing it on. A gateway that nobody waits for is
// one that nobody can stop, so it follows the shell.
if (process.env.npm_lifecycle_event === 'start') {
  const shell = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 500).unref();
}

const bin = new URL('../bin/gateward.js', import.meta.url);
process.argv.splice(1, 1, fileURLToPath(bin), 'serve', '--config', 'examples/quickstart/gateward.yaml');
await import(bin.href);
