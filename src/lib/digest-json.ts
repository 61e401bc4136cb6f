import { createHash } from 'node:crypto';

/**
 * SHA-256 of a parsed JSON value, base64url: the same for texts that differ in spaces or in the order of keys alone.
 * Unlike `canonicalJson` it takes whatever a client may send, lone surrogates too, and leaves out undefined members.
 */
export function digestJson(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('base64url');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
}
