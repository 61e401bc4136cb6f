/** What is told of an abort: a function, or an object with `handleEvent`. */
export type AbortListener = (() => void) | { handleEvent(): void };

/** What of an AbortSignal is needed to end something; every AbortSignal is one. */
export interface Abortable {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: AbortListener, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: AbortListener): void;
}

/**
 * An abort for what comes and goes with every request. It does what AbortController and AbortSignal do, without the
 * event machinery: with listeners on AbortSignals, most of what a call allocates survives the young generation and
 * costs ten times the garbage collection.
 */
export class Abort implements Abortable {
  #aborted = false;
  #reason: unknown;
  #listeners: AbortListener[] | undefined;

  get aborted(): boolean {
    return this.#aborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  /** Tells every listener, once. */
  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    const listeners = this.#listeners ?? [];
    this.#listeners = undefined;
    for (const listener of listeners) {
      if (typeof listener === 'function') listener();
      else listener.handleEvent();
    }
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }

  /** As with an AbortSignal, nothing is told to who comes after the abort. */
  addEventListener(_: 'abort', listener: AbortListener): void {
    if (this.#aborted || this.#listeners?.includes(listener) === true) return;
    if (this.#listeners === undefined) this.#listeners = [listener];
    else this.#listeners.push(listener);
  }

  removeEventListener(_: 'abort', listener: AbortListener): void {
    const at = this.#listeners?.indexOf(listener) ?? -1;
    if (at >= 0) this.#listeners?.splice(at, 1);
  }
}

/** Aborts as the first of several does. `release` lets go of them, once nobody waits for it any more. */
export function firstAbort(
  abortables: readonly (Abortable | undefined)[],
): Abortable & { readonly release: () => void } {
  const first = new Abort();
  const endings = abortables.map((abortable) => {
    const tell = (): void => first.abort(abortable?.reason);
    if (abortable?.aborted === true) tell();
    else abortable?.addEventListener('abort', tell);
    return () => abortable?.removeEventListener('abort', tell);
  });
  const release = (): void => {
    for (const end of endings) end();
  };
  return Object.assign(first, { release });
}

/** The same as an AbortSignal, for what joins several and lasts. It lives as long as what it was made of. */
export function toAbortSignal(abortable: Abortable): AbortSignal {
  if (abortable instanceof AbortSignal) return abortable;
  const controller = new AbortController();
  const tell = (): void => controller.abort(abortable.reason);
  if (abortable.aborted) tell();
  else abortable.addEventListener('abort', tell);
  return controller.signal;
}
