/**
 * True if two raw JSON-RPC ids are the same. A server that reads ids into JavaScript values writes them back with other
 * escapes, and integers above 2^53 rounded; on HTTP the connection has told already which request is answered, so
 * such an id still counts as ours.
 */
export function sameId(theirs: string, ours: string): boolean {
  if (theirs === ours) return true;
  const read: unknown = JSON.parse(theirs);
  return read === JSON.parse(ours);
}
