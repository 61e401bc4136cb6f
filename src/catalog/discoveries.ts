import type { AuthorizationContext } from '../call.ts';
import type { JsonText } from '../lib/json-text.ts';
import type { Log } from '../lib/log.ts';
import { ownCall } from './own-call.ts';
import type { Source } from './server-view.ts';

/** What discovering needs. */
export interface DiscoveriesParts {
  readonly now: () => number;
  readonly log: Log;
}

/** A DiscoverResult is asked for again after this time, or the time that the upstream names, whichever is longer. */
const KEEP_MS = 60_000;
const FAILED_MS = 5_000;
const TIMEOUT_MS = 15_000;
const MAX_KEPT = 10_000;

interface Slot {
  result: JsonText | undefined;
  freshUntil: number;
  reading: Promise<JsonText | undefined> | undefined;
}

/** What upstreams say of themselves (`server/discover`), kept per authorization context and asked once at a time. */
export class Discoveries {
  readonly #parts: DiscoveriesParts;
  readonly #slots = new Map<string, Slot>();

  constructor(parts: DiscoveriesParts) {
    this.#parts = parts;
  }

  /** The DiscoverResult; the last one known if the upstream fails; undefined if it was never reached. */
  read(source: Source, context: AuthorizationContext): Promise<JsonText | undefined> {
    const key = `${source.name} ${context}`;
    const slot = this.#slots.get(key) ?? this.#add(key);
    if (slot.freshUntil > this.#parts.now()) return Promise.resolve(slot.result);
    slot.reading ??= this.#ask(source, context, slot).finally(() => {
      slot.reading = undefined;
    });
    return slot.reading;
  }

  #add(key: string): Slot {
    const oldest = this.#slots.size >= MAX_KEPT ? this.#slots.keys().next().value : undefined;
    if (oldest !== undefined) this.#slots.delete(oldest);
    const made: Slot = { result: undefined, freshUntil: 0, reading: undefined };
    this.#slots.set(key, made);
    return made;
  }

  async #ask(source: Source, context: AuthorizationContext, slot: Slot): Promise<JsonText | undefined> {
    const { now, log } = this.#parts;
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const outcome = await source.call(ownCall({ method: 'server/discover', signal }), context);
      if (outcome.kind === 'complete') {
        const ttlMs = Number(outcome.result.get('ttlMs')?.text ?? 0);
        slot.result = outcome.result;
        slot.freshUntil = now() + Math.max(KEEP_MS, Number.isFinite(ttlMs) ? ttlMs : 0);
        return slot.result;
      }
      log.warn('an upstream did not say what it offers', { upstream: source.name });
    } catch (thrown) {
      log.warn('an upstream did not say what it offers', { upstream: source.name, thrown });
    }
    slot.freshUntil = now() + FAILED_MS;
    return slot.result;
  }
}
