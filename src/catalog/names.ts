import { createHash } from 'node:crypto';

/** Model providers take no more (facts of the field: 64 characters of letters, digits, `_` and `-`). */
export const MAX_NAME = 64;

const SEPARATOR = '__';
const HASH_LENGTH = 8;

/**
 * The name of an upstream's tool or prompt in a merged server: `upstream__name`. A name that is too long or holds
 * characters outside 2026-07-28 tools §Tool Names is mended and ends in a digest, so that it stays unique and the
 * same on every replica. Names are never split again: routing goes by table.
 */
export function mergeName(upstream: string, name: string): string {
  const joined = `${upstream}${SEPARATOR}${name.replace(/[^A-Za-z0-9_.-]/g, '_')}`;
  if (joined.length <= MAX_NAME && joined.endsWith(name)) return joined;
  const digest = createHash('sha256').update(`${upstream}\n${name}`).digest('hex').slice(0, HASH_LENGTH);
  return `${joined.slice(0, MAX_NAME - HASH_LENGTH - 1)}_${digest}`;
}

/**
 * Things of one upstream by their merged names. Of two that come to the same name the first has it: an upstream can choose
 * its names so, and clients refuse a whole list that holds one name twice.
 */
export function byMergedName<T extends { readonly name: string }>(
  upstream: string,
  things: Iterable<T>,
): ReadonlyMap<string, T> {
  const table = new Map<string, T>();
  for (const thing of things) {
    const merged = mergeName(upstream, thing.name);
    if (!table.has(merged)) table.set(merged, thing);
  }
  return table;
}

/** The upstream that a merged name may belong to: the only guess made from a name, to know whose list to refresh. */
export function upstreamOfName(merged: string): string | undefined {
  const at = merged.indexOf(SEPARATOR);
  return at > 0 ? merged.slice(0, at) : undefined;
}

/** The URI of a resource under an alias, for URIs that two upstreams share: `upstream+uri` (a valid scheme, RFC 3986 §3.1). */
export function aliasUri(upstream: string, uri: string): string {
  return `${upstream}+${uri}`;
}

/** Takes an alias apart; undefined if the text before `+` cannot be an upstream followed by a URI. */
export function readAlias(uri: string): { readonly upstream: string; readonly uri: string } | undefined {
  const match = /^([a-z0-9][a-z0-9-]*)\+([A-Za-z][A-Za-z0-9+.-]*:.*)$/s.exec(uri);
  return match?.[1] === undefined || match[2] === undefined
    ? undefined
    : { upstream: match[1], uri: match[2] };
}

/** True for a URI that clients may fetch themselves, which therefore is never aliased. */
export function isWebUri(uri: string): boolean {
  return /^https?:/i.test(uri);
}
