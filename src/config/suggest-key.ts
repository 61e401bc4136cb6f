import { type JsonSchemaNode, schemaAt } from './json-schema.ts';
import { formatKeyPath, type KeyPath } from './key-path.ts';

/** Keys of other programs' files, and what they are called here. */
const FOREIGN_KEYS: Readonly<Record<string, string>> = {
  mcpServers: 'upstreams',
  mcp_servers: 'upstreams',
  targets: 'upstreams',
  backends: 'upstreams',
  environment: 'env',
  type: 'transport',
  arguments: 'args',
  endpoint: 'url',
  uri: 'url',
  address: 'host',
  bind: 'host',
};

/**
 * The sentence that helps with a key that the schema `root` does not know at a place: the nearest known key, the place
 * where the key belongs, or all keys that are known there.
 */
export function suggestKey(root: JsonSchemaNode, path: KeyPath, unknown: string): string {
  const here = schemaAt(root, path).flatMap(({ properties }) => Object.keys(properties ?? {}));
  const known = [...new Set(here)].filter((key) => key !== '$schema');
  const foreign = Object.hasOwn(FOREIGN_KEYS, unknown) ? FOREIGN_KEYS[unknown] : undefined;
  if (foreign !== undefined && known.includes(foreign)) return `Did you mean "${foreign}"?`;
  const near = nearest(unknown, known);
  if (near !== undefined) return `Did you mean "${near}"?`;
  const elsewhere = pathsOf(root, unknown, []);
  if (elsewhere.length > 0) return `It belongs at ${elsewhere.map((at) => `"${at}"`).join(' or ')}.`;
  return known.length === 0 ? 'No keys are known here.' : `Known here: ${known.join(', ')}.`;
}

/** The candidate that a slip of the pen turns into the text, or undefined if none is near. */
export function nearest(text: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(text.length * 0.4)) + 1;
  for (const candidate of candidates) {
    const distance = isPart(text, candidate) ? 1 : editDistance(fold(text), fold(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function fold(text: string): string {
  return text.slice(0, 64).toLowerCase().replace(/[-_]/g, '');
}

/** `timeout` for `timeoutMs`: the whole word, only its end is missing. */
function isPart(text: string, candidate: string): boolean {
  return text.length >= 4 && candidate.length - text.length <= 5 && fold(candidate).startsWith(fold(text));
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one text into the other. */
export function editDistance(from: string, to: string): number {
  let older: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1];
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      row[j] = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (older[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [older, last] = [last, row];
  }
  return last[to.length] ?? 0;
}

/** Every place of the schema that knows the key, as people write it. */
function pathsOf(node: JsonSchemaNode, key: string, path: KeyPath): string[] {
  const found: string[] = [];
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    if (name === key) found.push(formatKeyPath([...path, name]));
    found.push(...pathsOf(child, key, [...path, name]));
  }
  const entry = node.additionalProperties;
  if (typeof entry === 'object') found.push(...pathsOf(entry, key, [...path, 'NAME']));
  for (const kind of node.anyOf ?? []) found.push(...pathsOf(kind, key, path));
  return [...new Set(found)];
}
