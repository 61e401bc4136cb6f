/** One JSON-RPC id, as its text. */
const ID = String.raw`("(?:[^"\\]|\\.)*"|-?\d+)`;
/** An id before anything that could hold another one. */
const AT_START = new RegExp(String.raw`^\s*\{(?:[^{}[\]]*,)?\s*"id"\s*:\s*${ID}\s*,`);
const AT_END = new RegExp(String.raw`,\s*"id"\s*:\s*${ID}\s*\}\s*$`);

/**
 * The raw id of a message that was too long to be read, from what was kept of its start and its end, where clients
 * write it; undefined if it stands elsewhere.
 */
export function findOversizedId(head: Buffer, tail: Buffer): string | undefined {
  return (AT_START.exec(head.toString('utf8')) ?? AT_END.exec(tail.toString('utf8')))?.[1];
}
