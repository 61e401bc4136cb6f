import type { AuthorizationContext } from '../call.ts';
import type { Inspector } from '../inspector.ts';
import type { JsonText } from '../lib/json-text.ts';
import type { Log } from '../lib/log.ts';
import { waitAtMost } from '../lib/wait-at-most.ts';
import { ownCall } from './own-call.ts';
import { contextAt, type Source } from './server-view.ts';

/** What discovering needs. */
export interface DiscoveriesParts {
  readonly now: () => number;
  readonly log: Log;
  /** Judges instructions before they are served. */
  readonly inspector: Pick<Inspector, 'inspectInstructions'>;
}

/** A DiscoverResult is asked for again after this time, or the time that the upstream names, whichever is longer. */
const KEEP_MS = 60_000;
const FAILED_MS = 5_000;
const MAX_KEEP_MS = 86_400_000;
/** A server that was never heard is waited for this long, one that is known or was silent only this long. */
const FIRST_WAIT_MS = 15_000;
const WAIT_MS = 2_000;
/** An upstream has this long to answer, whether anybody still waits or not: a process may need it to start. */
const TIMEOUT_MS = 60_000;
const MAX_KEPT = 10_000;

interface Slot {
  /** As the upstream said it: what may be seen of it is judged whenever it is served. */
  result: JsonText | undefined;
  freshUntil: number;
  waitedFor: boolean;
  reading: Promise<JsonText | undefined> | undefined;
}

/** What upstreams say of themselves (`server/discover`), kept per authorization context and asked once at a time. */
export class Discoveries {
  readonly #parts: DiscoveriesParts;
  readonly #slots = new Map<string, Slot>();

  constructor(parts: DiscoveriesParts) {
    this.#parts = parts;
  }

  /** The DiscoverResult; the last one known if the upstream fails or is silent; undefined if it was never reached. */
  async read(source: Source, context: AuthorizationContext): Promise<JsonText | undefined> {
    const said = await this.#said(source, context);
    return said && this.#withoutHeld(source, said);
  }

  #said(source: Source, context: AuthorizationContext): Promise<JsonText | undefined> {
    const key = `${source.name} ${contextAt(source, context)}`;
    const slot = this.#slots.get(key) ?? this.#add(key);
    if (slot.freshUntil > this.#parts.now()) return Promise.resolve(slot.result);
    slot.reading ??= this.#ask(source, context, slot).finally(() => {
      slot.reading = undefined;
    });
    return this.#waitFor(slot.reading, slot);
  }

  /** An upstream is asked again when it is needed next. */
  forget(upstream: string): void {
    for (const [key, slot] of this.#slots) if (key.startsWith(`${upstream} `)) slot.freshUntil = 0;
  }

  /** A silent upstream holds up nobody for long: what is known is served, and for a while without waiting. */
  async #waitFor(reading: Promise<unknown>, slot: Slot): Promise<JsonText | undefined> {
    const done = reading.then(() => true);
    const inTime = await waitAtMost(done, slot.waitedFor ? WAIT_MS : FIRST_WAIT_MS);
    slot.waitedFor = true;
    if (inTime === undefined) slot.freshUntil = this.#parts.now() + FAILED_MS;
    return slot.result;
  }

  #add(key: string): Slot {
    const oldest = this.#slots.size >= MAX_KEPT ? this.#slots.keys().next().value : undefined;
    if (oldest !== undefined) this.#slots.delete(oldest);
    const made: Slot = { result: undefined, freshUntil: 0, waitedFor: false, reading: undefined };
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
        slot.freshUntil = now() + Math.min(MAX_KEEP_MS, Math.max(KEEP_MS, Number.isNaN(ttlMs) ? 0 : ttlMs));
        return slot.result;
      }
      log.warn('an upstream did not say what it offers', { upstream: source.name });
    } catch (thrown) {
      log.warn('an upstream did not say what it offers', { upstream: source.name, thrown });
    }
    slot.freshUntil = now() + FAILED_MS;
    return slot.result;
  }

  async #withoutHeld({ name }: Source, result: JsonText): Promise<JsonText> {
    const said = result.get('instructions')?.text;
    const hold = await this.#parts.inspector.inspectInstructions(name, said);
    return hold === undefined ? result : result.with({ instructions: undefined });
  }
}
