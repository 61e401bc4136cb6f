/** The first line of a text, cut to `max` characters, without what could move a terminal's cursor. */
export function shorten(text: string, max: number): string {
  const line = text.trim().split(/\r?\n/, 1)[0] ?? '';
  const safe = line.replace(/\p{Cc}/gu, ' ');
  return safe.length <= max ? safe : `${safe.slice(0, max - 3)}...`;
}
