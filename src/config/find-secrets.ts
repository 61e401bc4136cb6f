import type { Config } from './types.ts';

/** Shorter texts are no secrets worth the name, and hiding them would make a log unreadable. */
const MIN_LENGTH = 6;

const SECRET_NAME = /auth|cookie|token|secret|passw|credential|api-?_?key|private-?_?key|access-?_?key/i;

/**
 * Every text of a configuration that a log must not show, the longest first: what was substituted, and what stands in
 * headers, environment variables and URLs that carry credentials by their name.
 */
export function findSecrets(config: Config, substituted: readonly string[]): readonly string[] {
  const found = new Set<string>(substituted);
  for (const upstream of config.upstreams) {
    const named = Object.entries(upstream.kind === 'http' ? upstream.headers : upstream.env);
    for (const [name, value] of named) {
      if (!SECRET_NAME.test(name)) continue;
      found.add(value);
      // RFC 9110 §11.4: the scheme is not secret, and the credentials may be logged without it.
      found.add(value.replace(/^[A-Za-z][\w-]* +/, ''));
    }
    if (upstream.kind === 'http' && upstream.proxy !== null) addUrlSecrets(upstream.proxy, found);
  }
  for (const url of [config.store.kind === 'postgres' ? config.store.url : undefined, config.bus]) {
    if (url === undefined) continue;
    found.add(url);
    addUrlSecrets(url, found);
  }
  const secrets = [...found].filter((text) => text.length >= MIN_LENGTH);
  return Object.freeze(secrets.sort((a, b) => b.length - a.length));
}

/** A password shows in the URL, decoded, and in the Basic credentials that are made of it (RFC 7617 §2). */
function addUrlSecrets(url: string, found: Set<string>): void {
  const { username, password, searchParams } = new URL(url);
  for (const [name, value] of searchParams) if (SECRET_NAME.test(name)) found.add(value);
  if (password === '') return;
  found.add(password);
  found.add(decode(password));
  found.add(Buffer.from(`${decode(username)}:${decode(password)}`).toString('base64'));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
