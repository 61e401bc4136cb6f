import type { AuthorizationContext } from '../call.ts';
import { GatewardError } from '../errors.ts';
import type { JsonText } from '../lib/json-text.ts';
import { LIST_KINDS, type ListKind } from './list-kinds.ts';
import { ownCall } from './own-call.ts';
import type { Source } from './server-view.ts';

/** One tool, prompt, resource or template, with the upstream's own name or URI. */
export interface Item {
  readonly name: string;
  readonly json: JsonText;
}

/** A whole list of one upstream. */
export interface CollectedList {
  readonly items: readonly Item[];
  /** The smallest of the pages' `ttlMs`; 0 where the upstream gave none (2026-07-28 caching). */
  readonly ttlMs: number;
}

/** Bounds of one upstream's list, against an upstream that never ends. */
const MAX_PAGES = 1000;
const MAX_ITEMS = 100_000;

/** What to collect. */
export interface Collecting {
  readonly source: Source;
  readonly kind: ListKind;
  readonly context: AuthorizationContext;
  readonly signal: AbortSignal;
}

/**
 * Asks an upstream for all pages of a list. An upstream without the list (-32601) has an empty one. Throws what the
 * upstream's call throws, and UPSTREAM_INVALID for an answer of another shape.
 */
export async function collectList({ source, kind, context, signal }: Collecting): Promise<CollectedList> {
  const items: Item[] = [];
  let ttlMs = Number.POSITIVE_INFINITY;
  let cursor: unknown;
  for (let page = 0; page < MAX_PAGES; page++) {
    const params = cursor === undefined ? {} : { cursor };
    const outcome = await source.call(ownCall({ method: LIST_KINDS[kind].method, params, signal }), context);
    if (outcome.kind === 'error' && isMethodNotFound(outcome.error))
      return { items: [], ttlMs: ABSENT_TTL_MS };
    if (outcome.kind !== 'complete') throw invalid(source, kind);
    readItems(outcome.result, kind, items);
    ttlMs = Math.min(ttlMs, readTtl(outcome.result));
    // Only the absence of nextCursor ends a list; an empty one goes on (2026-07-28 pagination).
    cursor = outcome.result.get('nextCursor')?.string();
    if (cursor === undefined || items.length > MAX_ITEMS) break;
  }
  return { items, ttlMs };
}

/** How long it is believed that an upstream lacks a list altogether. */
const ABSENT_TTL_MS = 60_000;

function readItems(result: JsonText, kind: ListKind, into: Item[]): void {
  const { member, key } = LIST_KINDS[kind];
  for (const json of result.get(member)?.items() ?? []) {
    const name = json.get(key)?.string();
    if (name !== undefined && into.length < MAX_ITEMS) into.push({ name, json });
  }
}

function readTtl(result: JsonText): number {
  const value = result.get('ttlMs')?.value();
  return typeof value === 'number' && value > 0 ? value : 0;
}

function isMethodNotFound(error: JsonText): boolean {
  return error.get('code')?.text === '-32601';
}

function invalid(source: Source, kind: ListKind): GatewardError {
  return new GatewardError('UPSTREAM_INVALID', {
    detail: `${source.name} did not answer ${LIST_KINDS[kind].method}.`,
  });
}
