/**
 * How much speaks for it. `open`: it has the file open for writing now. `mentions`: its command, its script or its
 * settings name the file or what was written there. `recent`: it started shortly before. `client`: the client itself
 * runs, and may write back what it holds in memory. None of these proves anything.
 */
export type Evidence = 'open' | 'mentions' | 'recent' | 'client';

/** What may have written a file. */
export interface Suspect {
  readonly evidence: Evidence;
  /** A process, or something that starts one: a hook, a shell profile, a timer. */
  readonly kind: 'process' | 'hook' | 'autostart';
  /** Of a process. */
  readonly pid?: number;
  /** Its command line, or the path of what starts it. May hold anything: show it with hidden characters named. */
  readonly what: string;
}

/** What to look for. */
export interface Trail {
  /** Path of the file as clients know it, and where it really lies. */
  readonly paths: readonly string[];
  readonly home: string;
  /** Strings that were written there and are long enough to be telling. */
  readonly traces: readonly string[];
  /** Names of the processes of the client. */
  readonly programs: readonly string[];
  /** Milliseconds since 1970. */
  readonly changedAtMs: number;
}

/** A short name of a file that is telling: with its folder, unless it is a dotfile by itself. */
function namesOf(paths: readonly string[]): readonly string[] {
  return paths.map((path) => {
    const parts = path.split(/[\\/]/);
    const last = parts.at(-1) ?? '';
    return last.startsWith('.') ? last : parts.slice(-2).join('/');
  });
}

/** Makes the question whether a text names the file, or what was written there. */
export function makeTellingTest({ paths, traces }: Trail): (text: string) => boolean {
  const texts = [...new Set([...paths, ...namesOf(paths), ...traces])].filter((text) => text.length >= 8);
  return (text) => texts.some((one) => text.includes(one));
}
