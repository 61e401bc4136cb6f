import { SparseMap } from '../../lib/sparse-map.ts';
import { mostVerbose } from '../../wire/rev2025-11-25/upstream-notifications.ts';

/**
 * The log level of one legacy session. The legacy era sets it per session, the modern one per request: so the session
 * has the most verbose one that calls in flight ask for, and each call filters for itself.
 */
export class SessionLogLevel {
  readonly #setLevel: (level: string) => Promise<boolean>;
  readonly #wanted = new SparseMap<symbol, string>();
  #current: string | undefined;
  #refused = false;
  #setting: Promise<void> | undefined;

  /** `setLevel` tells whether the server took it; it may not reject. */
  constructor(setLevel: (level: string) => Promise<boolean>) {
    this.#setLevel = setLevel;
  }

  /** A call with this level begins. Resolves once the session has it; the function in it says that the call is over. */
  async want(level: string): Promise<() => void> {
    const use = Symbol(level);
    this.#wanted.set(use, level);
    this.#setting = (this.#setting ?? Promise.resolve()).then(() => this.#adjust());
    await this.#setting;
    return () => this.#wanted.delete(use);
  }

  async #adjust(): Promise<void> {
    const level = mostVerbose(this.#wanted.values());
    if (level === undefined || level === this.#current || this.#refused) return;
    this.#current = level;
    this.#refused = !(await this.#setLevel(level));
  }
}
