import type { Change } from '../compare-file.ts';
import { isTree } from '../formats/tree.ts';
import { findClient } from '../list-client-files.ts';
import { findAutostarts } from './find-autostarts.ts';
import { findProcesses } from './find-processes.ts';
import type { Suspect, Trail } from './suspect.ts';

/** Where to look. */
export interface WriterSearch {
  /** Changes of one file. */
  readonly changes: readonly Change[];
  /** Where the file really lies. */
  readonly realPath: string;
  readonly home: string;
  /** Hooks that clients run now: a hook that writes again is the published attack. */
  readonly hooks: readonly Change[];
  /** Milliseconds since 1970. */
  readonly changedAtMs: number;
}

const ORDER: readonly Suspect['evidence'][] = ['open', 'mentions', 'recent', 'client'];
const MAX_SUSPECTS = 12;

/**
 * What may have written a file, the likeliest first. It looks at processes (Linux alone), at new or changed hooks of
 * clients, at profiles of shells, timers and cron. It stops nothing, and proves nothing.
 */
export async function findWriters(search: WriterSearch): Promise<readonly Suspect[]> {
  const { changes, realPath, home, hooks, changedAtMs } = search;
  const [first] = changes;
  if (first === undefined) return [];
  const trail: Trail = {
    paths: [...new Set([first.file.path, realPath])],
    home,
    traces: changes.flatMap(({ after }) => tracesOf(after)),
    programs: findClient(first.file.client)?.programs ?? [],
    changedAtMs,
  };
  const [processes, autostarts] = await Promise.all([findProcesses(trail), findAutostarts(trail)]);
  const all = [...processes, ...hooks.map(suspectOf), ...autostarts];
  return all.sort((a, b) => ORDER.indexOf(a.evidence) - ORDER.indexOf(b.evidence)).slice(0, MAX_SUSPECTS);
}

/** A hook that nobody sealed runs with each start of its client. */
function suspectOf({ file, name }: Change): Suspect {
  return { evidence: 'mentions', kind: 'hook', what: `${file.path} ${name}` };
}

/** Texts in a value that few other files hold: addresses and commands. */
function tracesOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return /[/:]/.test(value) && value.length >= 12 ? [value] : [];
  if (Array.isArray(value)) return value.flatMap(tracesOf);
  return isTree(value) ? Object.values(value).flatMap(tracesOf) : [];
}
