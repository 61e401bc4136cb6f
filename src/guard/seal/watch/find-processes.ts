import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename, isAbsolute, join } from 'node:path';
import { readSmall } from './read-small.ts';
import { makeTellingTest, type Suspect, type Trail } from './suspect.ts';

const MAX_PROCESSES = 4096;
/** A machine with very many processes is not looked at to the end. */
const MAX_MS = 1500;
const MAX_DESCRIPTORS = 1024;
const MAX_RECENT = 5;
/** A process that started so long before a change may have made it. */
const RECENT_MS = 15_000;
/** Flags of open(2) in /proc/PID/fdinfo, octal: anything but read-only. */
const WRITES = 0o3;

/**
 * Processes of this user that may have written a file (Linux, proc(5)). A writer that has gone, or that belongs to
 * another user, is not found.
 */
export async function findProcesses(trail: Trail, proc = '/proc'): Promise<readonly Suspect[]> {
  const pids = await idsIn(proc);
  const looked: Looked = { trail, isTelling: makeTellingTest(trail), bootMs: await readBootTime(proc) };
  const found: Suspect[] = [];
  const until = performance.now() + MAX_MS;
  for (const pid of pids.toReversed().slice(0, MAX_PROCESSES)) {
    if (performance.now() > until) break;
    const suspect = await judgeProcess(Number(pid), join(proc, pid), looked);
    if (suspect !== undefined) found.push(suspect);
  }
  const strong = found.filter(({ evidence }) => evidence !== 'recent');
  const recent = found.filter(({ evidence }) => evidence === 'recent').slice(0, MAX_RECENT);
  return strong.some(({ evidence }) => evidence !== 'client') ? strong : [...strong, ...recent];
}

async function idsIn(proc: string): Promise<readonly string[]> {
  const names = await readdir(proc).catch(() => []);
  const ids = names.filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return ids.sort((a, b) => Number(a) - Number(b));
}

interface Looked {
  readonly trail: Trail;
  readonly isTelling: (text: string) => boolean;
  readonly bootMs: number | undefined;
}

async function judgeProcess(pid: number, folder: string, looked: Looked): Promise<Suspect | undefined> {
  const { trail, isTelling, bootMs } = looked;
  const uid = process.getuid?.();
  const owner = (await stat(folder).catch(() => undefined))?.uid;
  const args = (await readText(join(folder, 'cmdline'))).split('\0').filter((arg) => arg !== '');
  if (owner === undefined || (uid !== 0 && owner !== uid) || args.length === 0) return undefined;
  const suspect = { kind: 'process', pid, what: args.join(' ').slice(0, 1000) } as const;
  if (await hasOpen(folder, trail.paths)) return { ...suspect, evidence: 'open' };
  if (trail.programs.includes(basename(args[0] ?? ''))) return { ...suspect, evidence: 'client' };
  if (await mentions(folder, args, isTelling)) return { ...suspect, evidence: 'mentions' };
  const startedMs = bootMs === undefined ? undefined : await readStart(folder, bootMs);
  const isRecent =
    startedMs !== undefined &&
    startedMs <= trail.changedAtMs + 1000 &&
    trail.changedAtMs - startedMs < RECENT_MS;
  return isRecent ? { ...suspect, evidence: 'recent' } : undefined;
}

async function hasOpen(folder: string, paths: readonly string[]): Promise<boolean> {
  const descriptors = await readdir(join(folder, 'fd')).catch(() => []);
  for (const descriptor of descriptors.slice(0, MAX_DESCRIPTORS)) {
    const target = await readlink(join(folder, 'fd', descriptor)).catch(() => '');
    if (!paths.includes(target.replace(/ \(deleted\)$/, ''))) continue;
    const [, flags = '0'] =
      /^flags:\s+([0-7]+)/m.exec(await readText(join(folder, 'fdinfo', descriptor))) ?? [];
    if ((Number.parseInt(flags, 8) & WRITES) !== 0) return true;
  }
  return false;
}

/** Its command line names the file or the value, or a script that it runs does. */
async function mentions(
  folder: string,
  args: readonly string[],
  isTelling: Looked['isTelling'],
): Promise<boolean> {
  if (isTelling(args.join(' '))) return true;
  for (const arg of args.slice(0, 4)) {
    if (/^[-]/.test(arg) || !/[./]/.test(arg)) continue;
    const path = isAbsolute(arg) ? arg : join(folder, 'cwd', arg);
    if (isTelling(await readScript(path))) return true;
  }
  return false;
}

/** Programs are not read. */
async function readScript(path: string): Promise<string> {
  const text = await readSmall(path);
  return text.includes('\0') ? '' : text;
}

/** When the machine started, in milliseconds since 1970. */
async function readBootTime(proc: string): Promise<number | undefined> {
  const [, seconds] = /^btime (\d+)$/m.exec(await readText(join(proc, 'stat'))) ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

/** Field 22 of /proc/PID/stat, in ticks of a hundredth of a second on every Linux that Node runs on. */
async function readStart(folder: string, bootMs: number): Promise<number | undefined> {
  const text = await readText(join(folder, 'stat'));
  const ticks = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
  return Number.isFinite(ticks) ? bootMs + ticks * 10 : undefined;
}

function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
