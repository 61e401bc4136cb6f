import type { ChangeEvent } from './listen-filter.ts';

/** A change of a list. */
export type ListChange = ChangeEvent & { readonly kind: 'list' };

/** A list that changes again within this time is told of once more, at its end. */
const EVERY_MS = 500;

/**
 * Tells one client of changes of lists: the first at once, and what follows it closely as one. An upstream may announce
 * as often as it likes, and clients read all lists again for each that they hear.
 */
export class SpreadChanges {
  readonly #send: (event: ListChange) => void;
  /** Lists that were told of lately, and whether they changed since. */
  readonly #lately = new Map<ListChange['list'], { again: boolean; readonly timer: NodeJS.Timeout }>();
  #ended = false;

  constructor(send: (event: ListChange) => void) {
    this.#send = send;
  }

  tell(event: ListChange): void {
    if (this.#ended) return;
    const { list } = event;
    const lately = this.#lately.get(list);
    if (lately !== undefined) {
      lately.again = true;
      return;
    }
    const timer = setTimeout(() => this.#pass(event), EVERY_MS).unref();
    this.#lately.set(list, { again: false, timer });
    this.#send(event);
  }

  end(): void {
    this.#ended = true;
    for (const { timer } of this.#lately.values()) clearTimeout(timer);
    this.#lately.clear();
  }

  #pass(event: ListChange): void {
    const again = this.#lately.get(event.list)?.again === true;
    this.#lately.delete(event.list);
    if (again) this.tell(event);
  }
}
