import type { AuthorizationContext, LegacyCall } from '../call.ts';
import { GatewardError } from '../errors.ts';
import type { Item } from '../inspector.ts';
import type { JsonText } from '../lib/json-text.ts';
import { LIST_KINDS, type ListKind } from './list-kinds.ts';
import { ownCall } from './own-call.ts';
import type { Source } from './server-view.ts';

/** A whole list of one upstream. */
export interface CollectedList {
  readonly items: readonly Item[];
  /** The smallest of the pages' `ttlMs`, at most a day; 0 where the upstream gave none (2026-07-28 caching). */
  readonly ttlMs: number;
}

/** Bounds of one upstream's list, against an upstream that never ends. */
const MAX_PAGES = 1000;
const MAX_ITEMS = 100_000;
/** Characters of all items. One answer is bounded by the upstream's own limit. */
const MAX_CHARS = 64 * 1024 * 1024;

/** What to collect. */
export interface Collecting {
  readonly source: Source;
  readonly kind: ListKind;
  readonly context: AuthorizationContext;
  readonly signal: AbortSignal;
  /** Asks in the session that this client has of its own at the upstream. */
  readonly legacy?: LegacyCall | undefined;
}

/**
 * Asks an upstream for all pages of a list. An upstream without the list (-32601) has an empty one. Throws what the
 * upstream's call throws, and UPSTREAM_INVALID for an answer of another shape.
 */
export async function collectList(collecting: Collecting): Promise<CollectedList> {
  const { source, kind, context, signal, legacy } = collecting;
  const items = new Map<string, Item>();
  let ttlMs = MAX_TTL_MS;
  let chars = 0;
  let cursor: unknown;
  for (let page = 0; page < MAX_PAGES; page++) {
    const params = cursor === undefined ? {} : { cursor };
    const call = ownCall({ method: LIST_KINDS[kind].method, params, signal });
    const outcome = await source.call({ ...call, legacy }, context);
    if (outcome.kind === 'error' && isMethodNotFound(outcome.error))
      return { items: [], ttlMs: ABSENT_TTL_MS };
    if (outcome.kind !== 'complete') throw invalid(source, kind);
    chars += readItems(outcome.result, kind, items);
    ttlMs = Math.min(ttlMs, readTtl(outcome.result));
    // Only the absence of nextCursor ends a list; an empty one goes on (2026-07-28 pagination).
    cursor = outcome.result.get('nextCursor')?.string();
    if (cursor === undefined || items.size >= MAX_ITEMS || chars >= MAX_CHARS) break;
  }
  return { items: [...items.values()], ttlMs };
}

/** True for the same items, byte for byte, in the same order. */
export function isSameList(one: readonly Item[], other: readonly Item[]): boolean {
  return one.length === other.length && one.every(({ text }, index) => text === other[index]?.text);
}

/** How long it is believed that an upstream lacks a list altogether. */
const ABSENT_TTL_MS = 60_000;
const MAX_TTL_MS = 86_400_000;

/**
 * Adds items whose name is new: pages overlap when a list changes between them, and clients refuse equal names. Gives
 * the characters of what was added.
 */
function readItems(result: JsonText, kind: ListKind, into: Map<string, Item>): number {
  const { member, key } = LIST_KINDS[kind];
  let chars = 0;
  for (const json of result.get(member)?.items() ?? []) {
    const part = json.get(key)?.string();
    if (part === undefined || into.size >= MAX_ITEMS) continue;
    // A copy: a part of a string keeps the whole of it in memory, here a page of a list.
    const name = Buffer.from(part).toString();
    if (into.has(name)) continue;
    const { text } = json;
    into.set(name, { name, text });
    chars += text.length;
  }
  return chars;
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
