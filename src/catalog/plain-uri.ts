/** Whether two URIs are read as one by a server that resolves and decodes them. */
export function isSameUri(one: string, other: string): boolean {
  return one === other || plainUri(one) === plainUri(other);
}

/**
 * One text for the URIs that a server may take for the same (RFC 3986 §6.2.2), and more: for finding what is held or
 * left out, one too many costs little. Decoded twice, since what was decoded may be a path to resolve.
 */
export function plainUri(uri: string): string {
  return decode(resolve(decode(resolve(uri)))).normalize('NFC');
}

function resolve(uri: string): string {
  if (!URL.canParse(uri)) return uri;
  const url = new URL(uri);
  url.hash = '';
  // An empty query goes with its question mark.
  if (url.search === '') url.search = '';
  return url.href;
}

function decode(uri: string): string {
  return uri.replace(/(?:%[\da-f]{2})+/gi, (bytes) =>
    Buffer.from(bytes.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}
