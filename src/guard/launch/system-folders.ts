/** Where systems and package managers put programs, and only administrators write. */
const FOLDERS: readonly string[] = ['/bin/', '/usr/bin/', '/usr/local/bin/', '/opt/homebrew/bin/'];

/** The bare name of a program that is named as a path in a folder of the system; a bare name as it is. */
export function bareName(command: string): string | undefined {
  if (!/[\\/]/.test(command)) return command;
  const folder = FOLDERS.find((start) => command.startsWith(start));
  const name = folder === undefined ? '' : command.slice(folder.length);
  return name === '' || name.includes('/') || name.startsWith('.') ? undefined : name;
}

/** Whether a path is absolute and says nothing twice: no `.`, `..`, empty parts. */
export function isPlainAbsolute(path: string): boolean {
  const parts = path.replace(/^(?:\/|[A-Za-z]:[\\/])/, '');
  const isAbsolute = parts !== path;
  return (
    isAbsolute &&
    parts
      .split(/[\\/]/)
      .every((part, index, all) => part !== '.' && part !== '..' && (part !== '' || index === all.length - 1))
  );
}

/** Whether a plain absolute path lies below one of the folders. */
export function isBelow(path: string, folders: readonly string[]): boolean {
  return (
    isPlainAbsolute(path) &&
    folders.some((folder) => path.startsWith(folder.replace(/[\\/]*$/, path.includes('\\') ? '\\' : '/')))
  );
}
