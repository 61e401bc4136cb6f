import { isFieldValue } from '../wire/headers.ts';

/** Headers that may stand once. Each has a bit of its own. */
const SINGLE: ReadonlyMap<string, number> = new Map(
  [
    'host',
    'origin',
    'content-type',
    'content-length',
    'authorization',
    'mcp-session-id',
    'last-event-id',
    // The values of these are compared with the body, which refuses what is malformed with the code of the revision.
    'mcp-protocol-version',
    'mcp-method',
    'mcp-name',
  ].map((name, index) => [name, 1 << index]),
);
/** The bits of the headers whose values are checked here. */
const CHECKED = (1 << 7) - 1;
const PARAM = 1 << 30;
const PARAM_PREFIX = 'mcp-param-';
/** Spellings that are remembered: clients send the same few in every request. */
const MAX_SPELLINGS = 1024;

/**
 * Finds a header that stands twice though it may stand once, or that holds bytes that no header may hold (RFC 9110
 * §5.5). node:http joins such headers or drops all but the first, so another reader could see another value; only
 * `rawHeaders` shows them. Give it the `rawHeaders` of each request; the answer is the header's name.
 */
export function createSingleHeaderCheck(): (rawHeaders: readonly string[]) => string | undefined {
  const marks = new Map<string, number>();
  const markOf = (spelling: string): number => {
    const known = marks.get(spelling);
    if (known !== undefined) return known;
    const name = spelling.toLowerCase();
    const mark = SINGLE.get(name) ?? (name.startsWith(PARAM_PREFIX) ? PARAM : 0);
    if (marks.size < MAX_SPELLINGS) marks.set(spelling, mark);
    return mark;
  };
  return (rawHeaders) => {
    let seen = 0;
    let params: Set<string> | undefined;
    for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
      const name = rawHeaders[at] ?? '';
      const mark = markOf(name);
      if (mark === 0) continue;
      if (mark === PARAM) {
        params ??= new Set();
        const before = params.size;
        if (params.add(name.toLowerCase()).size === before) return name;
        continue;
      }
      if ((seen & mark) !== 0) return name;
      seen |= mark;
      if ((mark & CHECKED) !== 0 && !isFieldValue(rawHeaders[at + 1] ?? '')) return name;
    }
    return undefined;
  };
}
