/** What one proxy says of the request that it received (RFC 7239 §4, §5). */
export interface Hop {
  readonly address: string | undefined;
  readonly proto: string | undefined;
  readonly host: string | undefined;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** One `name=value`, the value a token or a quoted string, and what parts it from the next. */
const PAIR = /^[ \t]*(?:([^\s=;,"]+)=("(?:[^"\\]|\\.)*"|[^\s;,"]*))?[ \t]*([;,]|$)/;
const MAX_HOPS = 64;

/** The elements of a Forwarded header in its order; undefined if it is malformed or holds more than 64. */
export function parseForwarded(header: string): readonly Hop[] | undefined {
  const hops: Hop[] = [];
  let pairs = new Map<string, string>();
  let rest = header;
  for (;;) {
    const match = PAIR.exec(rest);
    if (match === null) return undefined;
    const [whole, name, value, separator] = match;
    if (name !== undefined) {
      const key = name.toLowerCase();
      if (!TOKEN.test(key) || pairs.has(key)) return undefined;
      pairs.set(key, unquote(value ?? ''));
    }
    rest = rest.slice(whole.length);
    if (separator === ';') continue;
    if (pairs.size > 0) hops.push(hopOf(pairs));
    if (hops.length > MAX_HOPS) return undefined;
    if (separator !== ',') return hops;
    pairs = new Map();
  }
}

/** The addresses of an X-Forwarded-For header in its order; undefined where it holds more than 64. */
export function parseForwardedFor(header: string): readonly (string | undefined)[] | undefined {
  const parts = header.split(',');
  return parts.length > MAX_HOPS ? undefined : parts.map((part) => nodeAddress(part.trim()));
}

/** The last value of a header that proxies may have appended to. */
export function lastOf(header: string): string {
  return header.slice(header.lastIndexOf(',') + 1).trim();
}

/**
 * The address of a node (RFC 7239 §6): without port, and without the brackets of IPv6. `unknown` and hidden names give
 * undefined. Whether it is an address is the caller's check.
 */
export function nodeAddress(node: string): string | undefined {
  if (node.startsWith('[')) {
    const end = node.indexOf(']');
    return end > 1 && /^(?::\d{1,5})?$/.test(node.slice(end + 1)) ? node.slice(1, end) : undefined;
  }
  if (node === '' || node === 'unknown' || node.startsWith('_')) return undefined;
  const colon = node.indexOf(':');
  // Bare IPv6 has several colons and no port; X-Forwarded-For carries it without brackets.
  if (colon === -1 || node.indexOf(':', colon + 1) !== -1) return node;
  return /^\d{1,5}$/.test(node.slice(colon + 1)) ? node.slice(0, colon) : undefined;
}

function hopOf(pairs: ReadonlyMap<string, string>): Hop {
  const node = pairs.get('for');
  return {
    address: node === undefined ? undefined : nodeAddress(node),
    proto: pairs.get('proto'),
    host: pairs.get('host'),
  };
}

function unquote(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
}
