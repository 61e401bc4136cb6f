import type { AuthorizationContext } from '../call.ts';
import type { Listings } from './listings.ts';
import { aliasUri, isWebUri, readAlias } from './names.ts';
import { compileGlob, type SelectedSource } from './select.ts';

/** Whose a URI is, and what it is called there. */
export interface UriOwner {
  readonly selected: SelectedSource;
  readonly uri: string;
}

/** Maps URIs between a merged server and its upstreams, by what their lists and templates say. */
export interface ResourceUris {
  /** The upstream that a client's URI means, by lists that may be read for it; undefined if nobody covers it. */
  findOwner(uri: string, context: AuthorizationContext): Promise<UriOwner | undefined>;
  /** The URI under which clients know an upstream's URI; by what is known without asking. */
  toClient(selected: SelectedSource, uri: string, context: AuthorizationContext): string;
}

/**
 * URIs stay as they are; of two upstreams with the same URI, the later in the configured order is known under an
 * alias, and so is what no list or template covers.
 */
export function createResourceUris(sources: readonly SelectedSource[], listings: Listings): ResourceUris {
  const covers = (selected: SelectedSource, uri: string, context: AuthorizationContext): boolean =>
    selected.takes('resources', uri) &&
    (listings.peek(selected.source, 'resources', context)?.byName.has(uri) === true ||
      matchesTemplate(listings, { selected, uri, context }));
  const ownerOf = (uri: string, context: AuthorizationContext): SelectedSource | undefined =>
    sources.find((selected) => covers(selected, uri, context));

  return {
    async findOwner(uri, context) {
      const alias = readAlias(uri);
      const named = sources.find(({ source }) => source.name === alias?.upstream);
      if (alias !== undefined && named?.takes('resources', alias.uri))
        return { selected: named, uri: alias.uri };
      await readAll(sources, listings, context);
      const owner = ownerOf(uri, context);
      return owner === undefined ? undefined : { selected: owner, uri };
    },
    toClient(selected, uri, context) {
      if (isWebUri(uri) || ownerOf(uri, context) === selected) return uri;
      return aliasUri(selected.source.name, uri);
    },
  };
}

async function readAll(
  sources: readonly SelectedSource[],
  listings: Listings,
  context: AuthorizationContext,
): Promise<void> {
  await Promise.all(
    sources.flatMap(({ source }) => [
      listings.read(source, 'resources', context),
      listings.read(source, 'templates', context),
    ]),
  );
}

interface TemplateQuestion {
  readonly selected: SelectedSource;
  readonly uri: string;
  readonly context: AuthorizationContext;
}

/** Whether a template of the upstream covers a URI, its expressions (RFC 6570) standing for any characters. */
function matchesTemplate(listings: Listings, { selected, uri, context }: TemplateQuestion): boolean {
  const templates = listings.peek(selected.source, 'templates', context)?.items ?? [];
  return templates.some(({ name }) => compileGlob(name.replace(/\{[^{}]*\}/g, '*'))(uri));
}
