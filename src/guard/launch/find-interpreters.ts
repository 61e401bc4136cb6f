import { open } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { GatewardError } from '../../errors.ts';
import { showHidden } from '../../lib/hidden-text.ts';
import { resolveProgram } from './resolve-program.ts';

/** What Linux reads of a first line. */
const HEAD_BYTES = 256;
/** Interpreters of interpreters that Linux follows. */
const MAX_DEPTH = 4;
/** ELF, the forms of Mach-O, and PE. */
const BINARY = /^(?:\x7fELF|\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba\xbe|MZ)/;
/** What the C library runs a file by that is neither a binary nor says by what. */
const DEFAULT_SHELL = '/bin/sh';

/**
 * The programs that really run when a script is started, as absolute paths without links: those that its first line
 * names (execve(2)), and what `env` finds on the PATH that the script will have. Empty for a binary. Throws
 * LAUNCH_FAILED for a first line that cannot be followed.
 */
export async function findInterpreters(file: string, path: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (let script: string | undefined = file; script !== undefined; ) {
    if (found.length > MAX_DEPTH) throw unfollowed(file);
    const words = await readFirstLine(script);
    const [command] = words;
    if (command === undefined) break;
    if (!isAbsolute(command)) throw unfollowed(file);
    const interpreter = await resolveProgram(command, path);
    found.push(interpreter.file);
    script = interpreter.file;
    if (!/(?:^|\/)env$/.test(command)) continue;
    const name = nameForEnv(words.slice(1));
    if (name === undefined) throw unfollowed(file);
    const named = await resolveProgram(name, path);
    found.push(named.file);
    script = named.file;
  }
  return found;
}

/** The interpreter and its one argument, split at blanks as `env -S` does; nothing for a binary. */
async function readFirstLine(file: string): Promise<readonly string[]> {
  const handle = await open(file, 'r').catch((cause: unknown) => {
    throw new GatewardError('LAUNCH_FAILED', {
      detail: `${showHidden(file)} cannot be read, so nobody could approve it.`,
      cause,
    });
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const head = buffer.toString('latin1', 0, bytesRead);
    if (BINARY.test(head)) return [];
    if (!head.startsWith('#!')) return [DEFAULT_SHELL];
    const end = head.indexOf('\n');
    if (end === -1 && bytesRead === HEAD_BYTES) throw unfollowed(file);
    const line = buffer.toString('utf8', 2, end === -1 ? bytesRead : end);
    return line.split(/[ \t\r]+/).filter((word) => word !== '');
  } finally {
    await handle.close();
  }
}

/** `env NAME`, `env -S NAME ARGS`, `env -S A=b NAME`; nothing for other options. */
function nameForEnv(words: readonly string[]): string | undefined {
  const named = words.filter((word) => word !== '-S' && word !== '--split-string');
  const name = named.find((word) => !/^[A-Za-z_]\w*=/.test(word))?.replace(/^(?:-S|--split-string=)/, '');
  return name === undefined || name.startsWith('-') || /["'\\$]/.test(name) ? undefined : name;
}

function unfollowed(file: string): GatewardError {
  return new GatewardError('LAUNCH_FAILED', {
    detail: `The first line of ${showHidden(file)} does not say plainly which program runs it, so nobody could approve it.`,
  });
}
