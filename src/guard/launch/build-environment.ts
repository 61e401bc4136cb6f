import { delimiter, dirname } from 'node:path';

/** Variables that a program needs to find its files, its user and its language; none of them holds a secret. */
const PASSED_ON = new Set([
  ...['HOME', 'LANG', 'LOGNAME', 'TMPDIR', 'TZ', 'USER'],
  // What programs on Windows do not start without.
  ...[
    'APPDATA',
    'COMSPEC',
    'HOMEDRIVE',
    'HOMEPATH',
    'LOCALAPPDATA',
    'PATHEXT',
    'PROGRAMDATA',
    'PROGRAMFILES',
  ],
  ...['PROGRAMFILES(X86)', 'SYSTEMDRIVE', 'SYSTEMROOT', 'TEMP', 'TMP', 'USERNAME', 'USERPROFILE', 'WINDIR'],
]);

const SYSTEM_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  win32: ['C:\\Windows\\System32', 'C:\\Windows'],
  darwin: ['/opt/homebrew/bin', '/usr/local/bin', '/usr/bin', '/bin'],
};
const UNIX_FOLDERS: readonly string[] = ['/usr/local/bin', '/usr/bin', '/bin'];

/** What an environment is built of. */
export interface EnvironmentParts {
  /** The gateway's own variables. */
  readonly own: Readonly<Record<string, string>>;
  /** What the configuration gives; it wins. */
  readonly configured: Readonly<Record<string, string>>;
  /** Absolute path under which the program was found. */
  readonly program: string;
}

/**
 * The environment of an upstream's process: a few harmless variables of the gateway's own, a PATH that is made, and what
 * the configuration gives. Everything else of the gateway's environment stays with it: secrets above all, and what
 * changes what programs load.
 */
export function buildEnvironment({ own, configured, program }: EnvironmentParts): Record<string, string> {
  const kept = Object.entries(own).filter(([name]) => isPassedOn(name.toUpperCase()));
  return { ...Object.fromEntries(kept), PATH: pathFor(program), ...configured };
}

function isPassedOn(name: string): boolean {
  return PASSED_ON.has(name) || name.startsWith('LC_');
}

/** The folder of the program, where its own interpreter often lies; that of this Node; those of the system. */
function pathFor(program: string): string {
  const system = SYSTEM_FOLDERS[process.platform] ?? UNIX_FOLDERS;
  return [...new Set([dirname(program), dirname(process.execPath), ...system])].join(delimiter);
}
