import type { AuthorizationContext } from '../call.ts';
import type { Item } from '../inspector.ts';
import { compileGlob } from '../lib/compile-glob.ts';
import type { Listings } from './listings.ts';
import { aliasUri, isWebUri, readAlias } from './names.ts';
import type { SelectedSource } from './select.ts';

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
 * alias, and so is what no list or template covers. A URI that is listed belongs to who lists it, whatever another's
 * template covers.
 */
export function createResourceUris(sources: readonly SelectedSource[], listings: Listings): ResourceUris {
  const covers = createTemplateMatcher();
  const byName = new Map(sources.map((selected) => [selected.source.name, selected]));
  const lister = (uri: string, context: AuthorizationContext): SelectedSource | undefined =>
    sources.find(
      ({ source, takes }) =>
        listings.peek(source, 'resources', context)?.byName.has(uri) === true && takes('resources', uri),
    );
  const coverer = (uri: string, context: AuthorizationContext): SelectedSource | undefined =>
    sources.find(
      ({ source, takes }) =>
        takes('resources', uri) && covers(listings.peek(source, 'templates', context)?.items, uri),
    );
  /** What is held belongs to nobody else, so that the call is told why; what others show comes first. */
  const holder = (uri: string, context: AuthorizationContext): SelectedSource | undefined =>
    sources.find(
      ({ source, takes }) =>
        listings.peek(source, 'resources', context)?.holds.has(uri) === true && takes('resources', uri),
    );
  const ownerOf = (uri: string, context: AuthorizationContext): SelectedSource | undefined =>
    lister(uri, context) ?? coverer(uri, context) ?? holder(uri, context);
  const allKnown = (context: AuthorizationContext): boolean =>
    sources.every(({ source }) => listings.peek(source, 'resources', context) !== undefined) &&
    sources.every(({ source }) => listings.peek(source, 'templates', context) !== undefined);

  return {
    async findOwner(uri, context) {
      const alias = readAlias(uri);
      const named = byName.get(alias?.upstream ?? '');
      if (alias !== undefined && named !== undefined) {
        return named.takes('resources', alias.uri) ? { selected: named, uri: alias.uri } : undefined;
      }
      const known = lister(uri, context) ?? (allKnown(context) ? coverer(uri, context) : undefined);
      if (known !== undefined) return { selected: known, uri };
      await readAll(sources, listings, context);
      const owner = ownerOf(uri, context);
      return owner === undefined ? undefined : { selected: owner, uri };
    },
    toClient(selected, uri, context) {
      if (isWebUri(uri)) return uri;
      // What reads as an alias would lead to the upstream that it names, whoever gave it.
      const isAlias = byName.has(readAlias(uri)?.upstream ?? '');
      return !isAlias && ownerOf(uri, context) === selected ? uri : aliasUri(selected.source.name, uri);
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

/** Tells whether a template covers a URI, its expressions (RFC 6570) standing for any characters. */
export function compileTemplate(template: string): (uri: string) => boolean {
  return compileGlob(template.replace(/\{[^{}]*\}/g, '*'));
}

/**
 * Tells whether one of the templates of a list covers a URI, their expressions (RFC 6570) standing for any characters.
 * Templates are made ready once for each list.
 */
function createTemplateMatcher(): (templates: readonly Item[] | undefined, uri: string) => boolean {
  const compiled = new WeakMap<readonly Item[], readonly ((uri: string) => boolean)[]>();
  return (templates, uri) => {
    if (templates === undefined) return false;
    let matchers = compiled.get(templates);
    if (matchers === undefined) {
      matchers = templates.map(({ name }) => compileTemplate(name));
      compiled.set(templates, matchers);
    }
    return matchers.some((matches) => matches(uri));
  };
}
