import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { isPinned, readFileLimit } from './children.ts';
import { hasWrk } from './measure.ts';
import { hasNginx } from './targets.ts';

/** The first match of `pattern` in what a program prints about itself. */
function readVersion(command: readonly string[], pattern: RegExp): string {
  const [program = '', ...args] = command;
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return pattern.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown';
}

function readSystem(): string {
  const pretty = existsSync('/etc/os-release')
    ? /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
    : undefined;
  return `${pretty ?? type()}, kernel ${release()}`;
}

function readUndici(): string {
  const file = join(import.meta.dirname, '..', 'node_modules', 'undici', 'package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8'));
  return String(version);
}

/** What the figures hang on, as pairs of name and value. */
export function describeMachine(): [string, string][] {
  const all = cpus();
  return [
    ['processor', `${all[0]?.model.trim() ?? 'unknown'}, ${all.length} cores`],
    ['memory', `${(totalmem() / 2 ** 30).toFixed(0)} GB`],
    ['system', readSystem()],
    ['Node.js', process.version],
    ['undici', readUndici()],
    ['nginx', hasNginx ? readVersion(['nginx', '-v'], /nginx\/(\S+)/) : 'not installed: left out'],
    [
      'load',
      hasWrk
        ? `wrk ${readVersion(['wrk', '-v'], /wrk (?:debian\/)?(\S+)/)}`
        : 'bench/load.ts (wrk is not installed)',
    ],
    [
      'placement',
      isPinned
        ? 'proxy alone on core 0, load and upstream on core 1'
        : 'not pinned: needs taskset and two cores',
    ],
    ['open files', `at most ${readFileLimit()} in one process`],
  ];
}
