import type { LegacySession } from '../call.ts';
import type { Hold, Inspector, Item } from '../inspector.ts';
import type { ListKind } from './list-kinds.ts';
import { isSameUri } from './plain-uri.ts';
import type { Source } from './server-view.ts';

interface HeldItem {
  readonly item: Item;
  readonly hold: Hold;
}

/** What one session was not shown of one upstream. */
interface Entry {
  readonly upstream: string;
  readonly kinds: Map<ListKind, Map<string, HeldItem>>;
}

/** A list of one session's own at an upstream. */
export interface SessionList {
  readonly source: Pick<Source, 'name'>;
  readonly session: LegacySession;
  readonly kind: ListKind;
}

/** What of such a list, or of a page of it, the session was not shown. */
export interface SessionPage extends SessionList {
  readonly items: readonly Item[];
  readonly holds: ReadonlyMap<string, Hold>;
}

/** Changes of lists that were announced in a session and not read since: by kind, how many. */
type Doubts = Partial<Record<ListKind, number>>;

const MAX_SESSIONS = 10_000;

/**
 * What was left out of the lists of legacy sessions that have sessions of their own at an upstream: there an upstream
 * may list what it lists nowhere else. Bounded; the oldest goes first.
 */
export class SessionHolds {
  readonly #inspector: Pick<Inspector, 'inspect'>;
  readonly #entries = new Map<string, Entry>();
  readonly #doubts = new Map<string, Doubts>();

  constructor(inspector: Pick<Inspector, 'inspect'>) {
    this.#inspector = inspector;
  }

  /** Why a session may not use something, if that was left out of a list of its own. */
  find({ source, session, kind }: SessionList, name: string): Hold | undefined {
    if (this.#entries.size === 0) return undefined;
    const held = this.#entries.get(keyOf(source, session))?.kinds.get(kind);
    if (held === undefined || held.size === 0) return undefined;
    const exact = held.get(name);
    if (exact !== undefined || kind !== 'resources') return exact?.hold;
    for (const [uri, { hold }] of held) if (isSameUri(uri, name)) return hold;
    return undefined;
  }

  /** A change was announced in the session alone: its list is to be read there before the next call. */
  doubt({ source, session, kind }: SessionList): void {
    if (session.ended.aborted) return;
    const key = keyOf(source, session);
    let doubts = this.#doubts.get(key);
    if (doubts === undefined) {
      doubts = {};
      addBounded(this.#doubts, key, doubts);
      session.ended.addEventListener('abort', () => this.#doubts.delete(key), { once: true });
    }
    doubts[kind] = (doubts[kind] ?? 0) + 1;
  }

  /** How many changes of a session's list were announced there and not read since; 0 where there is no doubt. */
  doubtsOf({ source, session, kind }: SessionList): number {
    if (this.#doubts.size === 0) return 0;
    return this.#doubts.get(keyOf(source, session))?.[kind] ?? 0;
  }

  /** The list was read and judged in its session; a change that was announced meanwhile stays to be read. */
  settle({ source, session, kind }: SessionList, doubts: number): void {
    const known = this.#doubts.get(keyOf(source, session));
    if (known !== undefined && known[kind] === doubts) known[kind] = 0;
  }

  /** Takes note of what a page of a list held. */
  note({ source, session, kind, items, holds }: SessionPage): void {
    const key = keyOf(source, session);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      if (holds.size === 0) return;
      entry = { upstream: source.name, kinds: new Map() };
      addBounded(this.#entries, key, entry);
      session.ended.addEventListener('abort', () => this.#entries.delete(key), { once: true });
    }
    const held = entry.kinds.get(kind) ?? new Map<string, HeldItem>();
    entry.kinds.set(kind, held);
    for (const item of items) {
      const hold = holds.get(item.name);
      if (hold === undefined) held.delete(item.name);
      else held.set(item.name, { item, hold });
    }
  }

  /** Judges again what was left out: approvals of this upstream have changed. */
  async rejudge(upstream: string): Promise<void> {
    for (const entry of this.#entries.values()) {
      if (entry.upstream !== upstream) continue;
      for (const [kind, held] of entry.kinds) {
        if (held.size === 0) continue;
        const items = [...held.values()].map(({ item }) => item);
        const holds = await this.#inspector.inspect({ upstream, kind, items, isWhole: false });
        for (const { name } of items) if (!holds.has(name)) held.delete(name);
      }
    }
  }
}

function addBounded<T>(map: Map<string, T>, key: string, value: T): void {
  const oldest = map.size >= MAX_SESSIONS ? map.keys().next().value : undefined;
  if (oldest !== undefined) map.delete(oldest);
  map.set(key, value);
}

function keyOf({ name }: Pick<Source, 'name'>, { key }: LegacySession): string {
  return `${name} ${key}`;
}
