/** Variables that a program needs to find its files, its user and its language; none of them holds a secret. */
const INHERITED = new Set([
  'HOME',
  'LANG',
  'LOGNAME',
  'PATH',
  'SHELL',
  'TERM',
  'TMPDIR',
  'TZ',
  'USER',
  // What programs on Windows do not start without.
  'APPDATA',
  'COMSPEC',
  'HOMEDRIVE',
  'HOMEPATH',
  'LOCALAPPDATA',
  'PATHEXT',
  'PROGRAMDATA',
  'PROGRAMFILES',
  'PROGRAMFILES(X86)',
  'SYSTEMDRIVE',
  'SYSTEMROOT',
  'TEMP',
  'TMP',
  'USERNAME',
  'USERPROFILE',
  'WINDIR',
]);

/**
 * The environment of an upstream's process: a few harmless variables of the gateway's own, and what the configuration
 * gives, which wins. Everything else of the gateway's environment stays with it: secrets above all, and `npm_*`, which
 * changes what `npx` does.
 */
export function childEnvironment(
  own: Readonly<Record<string, string>>,
  configured: Readonly<Record<string, string>>,
): Record<string, string> {
  const kept = Object.entries(own).filter(([name]) => isInherited(name.toUpperCase()));
  return { ...Object.fromEntries(kept), ...configured };
}

function isInherited(name: string): boolean {
  return INHERITED.has(name) || name.startsWith('LC_');
}
