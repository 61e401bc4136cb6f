import type { AuthorizationContext } from '../call.ts';
import { JsonText } from '../lib/json-text.ts';
import { type ParamAnnotation, readParamAnnotations } from '../wire/param-headers.ts';
import type { Item } from './collect-list.ts';
import type { Listings } from './listings.ts';
import type { Source } from './server-view.ts';

const NONE: readonly ParamAnnotation[] = [];
/** What is known of a tool is checked against its upstream at most this often while it is called. */
const RECHECK_MS = 60_000;

/** What the definitions of tools say about calls to them, from the newest lists that are known. */
export class Definitions {
  readonly #listings: Listings;
  readonly #now: () => number;
  readonly #annotations = new WeakMap<Item, readonly ParamAnnotation[]>();

  constructor(listings: Listings, now: () => number) {
    this.#listings = listings;
    this.#now = now;
  }

  /**
   * Which arguments of a tool travel in `Mcp-Param-*` headers. A plain value once the upstream's tools are known, so
   * that the usual call does not wait; none for a tool that is not listed or whose annotations are invalid.
   */
  paramAnnotations(
    source: Source,
    tool: string,
    context: AuthorizationContext,
  ): readonly ParamAnnotation[] | Promise<readonly ParamAnnotation[]> {
    const known = this.#listings.peek(source, 'tools', context);
    if (known === undefined) {
      const read = Promise.resolve(this.#listings.read(source, 'tools', context));
      return read.then(({ byName }) => this.#read(byName.get(tool)));
    }
    // Beside the call, not before it.
    if (known.freshUntil <= this.#now()) {
      void this.#listings.reread(source, 'tools', { context, everyMs: RECHECK_MS });
    }
    return this.#read(known.byName.get(tool));
  }

  /** The same by what is known without asking. */
  knownAnnotations(source: Source, tool: string, context: AuthorizationContext): readonly ParamAnnotation[] {
    return this.#read(this.#listings.peek(source, 'tools', context)?.byName.get(tool));
  }

  /** Reads the upstream's tools again: it found the headers of a call wrong. */
  async refresh(source: Source, context: AuthorizationContext): Promise<void> {
    await this.#listings.refresh(source, 'tools', context);
  }

  #read(item: Item | undefined): readonly ParamAnnotation[] {
    if (item === undefined) return NONE;
    const known = this.#annotations.get(item);
    if (known !== undefined) return known;
    const schema = item.text.includes('x-mcp-header')
      ? JsonText.written(item.text).get('inputSchema')
      : undefined;
    const found = schema === undefined ? undefined : readParamAnnotations(schema);
    const annotations = found?.valid === true ? found.annotations : NONE;
    this.#annotations.set(item, annotations);
    return annotations;
  }
}
