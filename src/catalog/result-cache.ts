import type { AuthorizationContext, Call } from '../call.ts';
import { JsonText } from '../lib/json-text.ts';
import { LIST_KINDS, listKindOf } from './list-kinds.ts';
import { type ChangeEvent, isWithin } from './listen-filter.ts';
import { contextAt, ownSession, type Source } from './server-view.ts';

/** What a cached result belongs to. */
export interface CacheQuestion {
  readonly source: Source;
  readonly call: Call;
  readonly context: AuthorizationContext;
}

interface Entry {
  readonly source: string;
  readonly method: string;
  readonly uri: string | undefined;
  readonly result: JsonText;
  readonly until: number;
  readonly bytes: number;
}

/** What the cache needs. */
export interface ResultCacheParts {
  readonly now: () => number;
  readonly maxBytes: number;
  /** Upstreams whose word that a result is public is believed. */
  readonly isTrusted: (upstream: string) => boolean;
}

/** No result is kept for longer, whatever its upstream says. */
const MAX_TTL_MS = 86_400_000;
/** A key, its entry and the map take about this much beside the result. */
const ENTRY_BYTES = 512;

/**
 * Complete results of reads, as `ttlMs` and `cacheScope` allow (2026-07-28 server/utilities/caching): private ones
 * never across authorization contexts, public ones only from trusted upstreams. Bounded by bytes; the result used
 * longest ago goes first.
 */
export class ResultCache {
  readonly #parts: ResultCacheParts;
  readonly #entries = new Map<string, Entry>();
  /** By upstream. */
  readonly #changes = new Map<string, number>();
  #bytes = 0;

  constructor(parts: ResultCacheParts) {
    this.#parts = parts;
  }

  /** The kept result with what is left of its `ttlMs`; undefined if there is none or it may not be used for this call. */
  get(question: CacheQuestion): JsonText | undefined {
    if (!mayCache(question)) return undefined;
    const own = keyOf(question, contextAt(question.source, question.context));
    const key = this.#entries.has(own) ? own : keyOf(question, PUBLIC);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const leftMs = Math.floor(entry.until - this.#parts.now());
    this.#remove(key);
    if (leftMs <= 0) return undefined;
    this.#add(key, entry);
    return entry.result.with({ ttlMs: JsonText.of(leftMs) });
  }

  /** How often an upstream said that something changed: to be noted before it is asked, and handed to `put`. */
  changes(source: Source): number {
    return this.#changes.get(source.name) ?? 0;
  }

  /** Keeps a complete result if it says that it may be kept, and the upstream announced no change since `changes`. */
  put(question: CacheQuestion, result: JsonText, changes: number): void {
    const ttl = result.get('ttlMs')?.value();
    if (typeof ttl !== 'number' || !(ttl > 0) || !mayCache(question)) return;
    if (changes !== this.changes(question.source)) return;
    const shared =
      result.get('cacheScope')?.string() === 'public' && this.#parts.isTrusted(question.source.name);
    const key = keyOf(question, shared ? PUBLIC : contextAt(question.source, question.context));
    const bytes = result.bytes.length + key.length + ENTRY_BYTES;
    if (bytes > this.#parts.maxBytes / 8) return;
    this.#remove(key);
    this.#add(key, {
      source: question.source.name,
      method: question.call.method,
      uri: question.call.name,
      // A copy, so that a small result does not hold a large reply.
      result: JsonText.written(result.text),
      until: this.#parts.now() + Math.min(ttl, MAX_TTL_MS),
      bytes,
    });
    while (this.#bytes > this.#parts.maxBytes) {
      const oldest = this.#entries.keys().next().value;
      if (oldest === undefined) break;
      this.#remove(oldest);
    }
  }

  /** An upstream said that something changed: what is kept of it is no longer served. */
  invalidate(source: Source, event: ChangeEvent): void {
    this.#changes.set(source.name, this.changes(source) + 1);
    for (const [key, entry] of this.#entries) {
      if (entry.source === source.name && concerns(entry, event)) this.#remove(key);
    }
  }

  #add(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}

const PUBLIC = '(public)';

/** Reads of a modern upstream, without input from the client: that is not part of the key. */
function mayCache({ call, source }: CacheQuestion): boolean {
  const readable =
    call.method === 'resources/read' || call.method === 'server/discover' || listKindOf(call.method);
  // What a legacy session sees of a legacy upstream is its own session's.
  if (!readable || ownSession(source, call.legacy) !== undefined) return false;
  const params = call.message.get('params');
  return params?.get('inputResponses') === undefined && params?.get('requestState') === undefined;
}

function keyOf({ source, call }: CacheQuestion, scope: string): string {
  const params = call.message.get('params')?.with({ _meta: undefined }).text ?? '';
  return `${source.name} ${scope} ${call.method} ${params}`;
}

function concerns(entry: Entry, event: ChangeEvent): boolean {
  if (event.kind === 'resource') {
    const uri = entry.method === 'resources/read' ? entry.uri : undefined;
    return uri !== undefined && isWithin(event.uri, uri);
  }
  const kind = listKindOf(entry.method);
  return kind !== undefined && LIST_KINDS[kind].changed === event.list;
}
