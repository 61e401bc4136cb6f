import type { ListKind } from './list-kinds.ts';
import type { Source } from './server-view.ts';

/** One upstream of a server, and what the server takes of it. */
export interface SelectedSource {
  readonly source: Source;
  /** True if the server takes the tool, prompt, resource or template of this (upstream's) name or URI. */
  readonly takes: (kind: ListKind, name: string) => boolean;
}

/** What a server takes of an upstream, as patterns in which `*` stands for any characters; absent takes everything. */
export interface Selection {
  readonly tools?: readonly string[] | undefined;
  readonly prompts?: readonly string[] | undefined;
  readonly resources?: readonly string[] | undefined;
}

/** Makes a selection ready to be asked. */
export function selectFrom(source: Source, selection: Selection): SelectedSource {
  const takes: Record<ListKind, (name: string) => boolean> = {
    tools: matchAny(selection.tools),
    prompts: matchAny(selection.prompts),
    resources: matchAny(selection.resources),
    templates: matchAny(selection.resources),
  };
  return { source, takes: (kind, name) => takes[kind](name) };
}

function matchAny(patterns: readonly string[] | undefined): (name: string) => boolean {
  if (patterns === undefined) return () => true;
  const compiled = patterns.map(compileGlob);
  return (name) => compiled.some((matches) => matches(name));
}

/**
 * A pattern in which `*` stands for any characters, as a predicate. It matches piece by piece from the left, which
 * takes linear time whatever the pattern is.
 */
export function compileGlob(pattern: string): (name: string) => boolean {
  const pieces = pattern.split('*');
  const [first = '', ...rest] = pieces;
  const last = rest.pop();
  if (last === undefined) return (name) => name === pattern;
  return (name) => {
    if (!name.startsWith(first)) return false;
    let at = first.length;
    for (const piece of rest) {
      const found = name.indexOf(piece, at);
      if (found < 0) return false;
      at = found + piece.length;
    }
    return name.length - last.length >= at && name.endsWith(last);
  };
}
