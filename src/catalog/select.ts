import { compileGlob } from '../lib/compile-glob.ts';
import type { ListKind } from './list-kinds.ts';
import type { TaskOffer } from './offered-tasks.ts';
import { plainUri } from './plain-uri.ts';
import type { Source } from './server-view.ts';

/** One upstream of a server, and what the server takes of it. */
export interface SelectedSource {
  readonly source: Source;
  /** True if the server takes the tool, prompt, resource or template of this (upstream's) name or URI. */
  readonly takes: (kind: ListKind, name: string) => boolean;
  /** Which of its tools the gateway makes tasks of; undefined for none. */
  readonly tasks: TaskOffer | undefined;
}

/** What a server takes of an upstream, as patterns in which `*` stands for any characters; absent takes everything. */
export interface Selection {
  readonly tools?: readonly string[] | undefined;
  readonly prompts?: readonly string[] | undefined;
  readonly resources?: readonly string[] | undefined;
  readonly tasks?: TaskOffer | undefined;
}

/** Makes a selection ready to be asked. */
export function selectFrom(source: Source, selection: Selection): SelectedSource {
  const takes: Record<ListKind, (name: string) => boolean> = {
    tools: matchAny(selection.tools),
    prompts: matchAny(selection.prompts),
    resources: matchUris(selection.resources),
    templates: matchUris(selection.resources),
  };
  return { source, takes: (kind, name) => takes[kind](name), tasks: selection.tasks };
}

function matchAny(patterns: readonly string[] | undefined): (name: string) => boolean {
  if (patterns === undefined) return () => true;
  const compiled = patterns.map(compileGlob);
  return (name) => compiled.some((matches) => matches(name));
}

/** Only these can make a URI mean another one than it looks like: encoded bytes, `..`, what parsers skip or turn round. */
const MAY_MISLEAD = /[%\\\s]|\/\./;

/** A URI must fit as it is written, and as a server reads it: `file:///public/../key` is not below `file:///public/`. */
function matchUris(patterns: readonly string[] | undefined): (uri: string) => boolean {
  if (patterns === undefined) return () => true;
  const asWritten = matchAny(patterns);
  const asRead = matchAny([...patterns, ...patterns.map(plainUri)]);
  return (uri) => asWritten(uri) && (!MAY_MISLEAD.test(uri) || asRead(plainUri(uri)));
}
