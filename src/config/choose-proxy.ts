import { bareHost, isInNetwork, isLoopbackHost } from './address.ts';
import { isAddressOrNetwork } from './schema-fields.ts';
import type { ProxyVariables } from './types.ts';

/** The way to a URL: a proxy, none, or a variable that cannot be used. */
export type ProxyChoice =
  | { readonly kind: 'direct' }
  | { readonly kind: 'proxy'; readonly url: string }
  | { readonly kind: 'fault'; readonly message: string };

const DIRECT: ProxyChoice = { kind: 'direct' };

/**
 * Chooses the proxy for a URL by the usual variables, as curl and Go read them: the variable of the URL's scheme, then
 * ALL_PROXY; NO_PROXY exempts names with their subdomains, addresses and networks, each with a port if wanted; `*`
 * exempts all. Loopback is never proxied, since a proxy would reach its own loopback.
 */
export function chooseProxy(target: string, variables: ProxyVariables): ProxyChoice {
  const url = new URL(target);
  const [name, special] =
    url.protocol === 'https:' ? ['HTTPS_PROXY', variables.https] : ['HTTP_PROXY', variables.http];
  const value = special ?? variables.all;
  if (value === undefined || isLoopbackHost(url.hostname) || isExempt(url, variables.none ?? ''))
    return DIRECT;
  const proxy = value.includes('://') ? value : `http://${value}`;
  if (URL.canParse(proxy) && /^https?:$/.test(new URL(proxy).protocol)) return { kind: 'proxy', url: proxy };
  const variable = special === undefined ? 'ALL_PROXY' : name;
  return {
    kind: 'fault',
    message: `The variable ${variable} applies to this URL, but is no proxy that begins with http:// or https://. Change the variable, name this host in NO_PROXY, or set "proxy" of this upstream.`,
  };
}

function isExempt(url: URL, list: string): boolean {
  const host = bareHost(url.hostname);
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => matches(entry, host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const bare = bareHost(entry);
  if (isAddressOrNetwork(bare)) return isInNetwork(host, bare);
  const [, name = '', wantedPort] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
  if (wantedPort !== undefined && wantedPort !== port) return false;
  const wanted = bareHost(name).replace(/^\*?\./, '');
  return wanted !== '' && (host === wanted || host.endsWith(`.${wanted}`));
}
