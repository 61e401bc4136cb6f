import { SparseMap } from '../../lib/sparse-map.ts';

/**
 * The resources that one legacy session is subscribed to. The server knows a URI once, however many listens want it.
 */
export class ResourceSubscriptions {
  readonly #send: (method: 'resources/subscribe' | 'resources/unsubscribe', uri: string) => Promise<boolean>;
  readonly #entries = new SparseMap<string, { count: number; taken: Promise<boolean> }>();

  /** `send` tells whether the server took the request; it may not reject. */
  constructor(
    send: (method: 'resources/subscribe' | 'resources/unsubscribe', uri: string) => Promise<boolean>,
  ) {
    this.#send = send;
  }

  /** Whether somebody is subscribed to exactly this URI. */
  has(uri: string): boolean {
    return this.#entries.has(uri);
  }

  /** One more wants to know of changes. Resolves to whether the server offers it; if not, nothing is counted. */
  async add(uri: string): Promise<boolean> {
    const known = this.#entries.get(uri);
    const entry = known ?? { count: 0, taken: this.#send('resources/subscribe', uri) };
    entry.count++;
    if (known === undefined) this.#entries.set(uri, entry);
    const taken = await entry.taken;
    if (!taken && this.#entries.get(uri) === entry) this.#entries.delete(uri);
    return taken;
  }

  /** One that was added no longer wants to know. */
  remove(uri: string): void {
    const entry = this.#entries.get(uri);
    if (entry === undefined || --entry.count > 0) return;
    this.#entries.delete(uri);
    void this.#send('resources/unsubscribe', uri);
  }
}
