import type { AuthorizationContext } from '../call.ts';
import type { Item } from '../inspector.ts';
import { JsonText } from '../lib/json-text.ts';
import { type ParamAnnotation, readParamAnnotations } from '../wire/param-headers.ts';
import { needsWrapping } from '../wire/rev2025-11-25/wrap-schema.ts';
import type { Listings } from './listings.ts';
import type { Source } from './server-view.ts';

const NONE: readonly ParamAnnotation[] = [];
/** What is known of a tool is checked against its upstream at most this often while it is called. */
const RECHECK_MS = 60_000;
/** A tool that is not in the list that is known is looked for again at most this often. */
const MISSING_MS = 5_000;

/** What the definitions of tools say about calls to them, from the newest lists that are known. */
export class Definitions {
  readonly #listings: Listings;
  readonly #now: () => number;
  readonly #annotations = new WeakMap<Item, readonly ParamAnnotation[]>();
  readonly #wrapped = new WeakMap<Item, boolean>();

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

  /**
   * Whether legacy clients see the tool's output schema inside an object. A plain value once the tool is known; false
   * for one that is not listed.
   */
  isOutputWrapped(source: Source, tool: string, context: AuthorizationContext): boolean | Promise<boolean> {
    const known = this.#listings.peek(source, 'tools', context);
    const item = known?.byName.get(tool);
    if (item !== undefined) return this.#isWrapped(item);
    const read =
      known === undefined
        ? this.#listings.read(source, 'tools', context)
        : this.#listings.reread(source, 'tools', { context, everyMs: MISSING_MS });
    return read === undefined
      ? false
      : Promise.resolve(read).then(({ byName }) => this.#isWrapped(byName.get(tool)));
  }

  /**
   * The schema that a tool's structured content fits, in its upstream's words. Undefined where the tool has none or is
   * not listed. A plain value once the upstream's tools are known.
   */
  outputSchema(
    source: Source,
    tool: string,
    context: AuthorizationContext,
  ): JsonText | undefined | Promise<JsonText | undefined> {
    const read = ({ byName }: { readonly byName: ReadonlyMap<string, Item> }): JsonText | undefined => {
      const text = byName.get(tool)?.text;
      return text?.includes('outputSchema') === true ? JsonText.written(text).get('outputSchema') : undefined;
    };
    const known = this.#listings.peek(source, 'tools', context);
    if (known !== undefined) return read(known);
    return Promise.resolve(this.#listings.read(source, 'tools', context)).then(read);
  }

  /** Reads the upstream's tools again: it found the headers of a call wrong. */
  async refresh(source: Source, context: AuthorizationContext): Promise<void> {
    await this.#listings.refresh(source, 'tools', context);
  }

  #isWrapped(item: Item | undefined): boolean {
    if (item === undefined) return false;
    const known = this.#wrapped.get(item);
    if (known !== undefined) return known;
    const schema = item.text.includes('outputSchema')
      ? JsonText.written(item.text).get('outputSchema')
      : undefined;
    const wrapped = schema !== undefined && needsWrapping(schema);
    this.#wrapped.set(item, wrapped);
    return wrapped;
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
