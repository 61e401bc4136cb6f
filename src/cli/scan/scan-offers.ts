import type { ListKind } from '../../catalog/list-kinds.ts';
import { compareNames } from '../../guard/scan/names.ts';
import type { Finding } from '../../guard/scan/rule.ts';
import { scanDefinition } from '../../guard/scan/scan-definition.ts';
import type { Item } from '../../inspector.ts';
import type { Offers } from './read-offers.ts';

/** What an upstream says in which the scan looks. */
export type OfferedKind = ListKind | 'server';

/** A finding with the upstream that said so. `index` is the place in the list of its kind, `tool` a name or a URI. */
export interface OfferFinding extends Finding {
  readonly upstream: string;
  readonly kind: OfferedKind;
}

const KINDS: readonly ListKind[] = ['tools', 'prompts', 'resources', 'templates'];

/** Scans every string that these upstreams offer, and compares the names of their tools. */
export function scanOffers(all: readonly Offers[]): OfferFinding[] {
  const named = all.map(({ upstream, lists }) => ({ upstream, tools: lists.tools.map(toolOf) }));
  const twins = compareNames(named).map((finding) => ({ ...finding, kind: 'tools' as const }));
  return all.flatMap((offers) => [
    ...scanOne(offers),
    ...twins.filter(({ upstream }) => upstream === offers.upstream),
  ]);
}

function scanOne({ upstream, lists, about }: Offers): OfferFinding[] {
  const own = scanDefinition(about, 0).map((finding) => ({ ...finding, upstream, kind: 'server' as const }));
  const listed = KINDS.flatMap((kind) =>
    lists[kind].flatMap(({ name, text }, index) =>
      scanDefinition(JSON.parse(text), index).map((finding) => ({ ...finding, tool: name, upstream, kind })),
    ),
  );
  return [...own, ...listed];
}

function toolOf({ name, text }: Item): { readonly name: string; readonly description?: string } {
  const definition: unknown = JSON.parse(text);
  const description =
    typeof definition === 'object' && definition !== null && 'description' in definition
      ? definition.description
      : undefined;
  return typeof description === 'string' ? { name, description } : { name };
}
