import type { UpstreamConfig } from '../../config/types.ts';
import { hasAuthorization, keepUrl } from '../config-file/make-entry.ts';
import { mapTexts, type UpstreamEntry } from '../config-file/upstream-entry.ts';
import { resolveText } from './translate-text.ts';

/** The entry with the values of its references in it: what would run, or be asked. */
export function resolveEntry(
  entry: UpstreamEntry,
  variables: Readonly<Record<string, string>>,
): UpstreamEntry {
  const filled = mapTexts(entry, (text) => resolveText(text, variables));
  if (!('url' in filled)) return filled;
  const { url, authorization } = keepUrl(filled.url, (_, value) => value);
  return { ...filled, url, headers: addAuthorization(filled.headers ?? {}, authorization) };
}

/** Headers with the credentials of a URL, unless they have some. */
export function addAuthorization(
  headers: Readonly<Record<string, string>>,
  authorization: string | undefined,
): Readonly<Record<string, string>> {
  const isGiven = authorization === undefined || hasAuthorization(headers);
  return isGiven ? headers : { ...headers, Authorization: authorization };
}

/** What makes two resolved entries the same server to the gateway. */
export function identifyEntry(entry: UpstreamEntry): string {
  if ('url' in entry) {
    const url = URL.canParse(entry.url) ? new URL(entry.url).href : entry.url;
    const headers = Object.entries(entry.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
    return JSON.stringify([url, entry.transport === 'sse', headers.sort(compare)]);
  }
  const { command, args = [], env = {}, cwd } = entry;
  return JSON.stringify([command, args, Object.entries(env).sort(compare), cwd ?? null]);
}

/** The same of an upstream that is configured. */
export function identifyUpstream(upstream: UpstreamConfig): string {
  if (upstream.kind === 'stdio') {
    const { command, args, env, cwd } = upstream;
    return identifyEntry(cwd === undefined ? { command, args, env } : { command, args, env, cwd });
  }
  const { url, headers, transport } = upstream;
  return identifyEntry(transport === 'sse' ? { url, headers, transport } : { url, headers });
}

function compare([a = '']: readonly string[], [b = '']: readonly string[]): number {
  return a < b ? -1 : 1;
}
