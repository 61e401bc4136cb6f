import { type Schema, Validator } from '@cfworker/json-schema';
import type { JsonText } from '../../lib/json-text.ts';

/** A regular expression of somebody else's can run for minutes, and to compare all items with each other takes as long. */
const UNBOUNDED: ReadonlySet<string> = new Set(['pattern', 'patternProperties', 'uniqueItems']);
const REFERENCES: ReadonlySet<string> = new Set(['$ref', '$dynamicRef', '$recursiveRef']);
/** Schemas that may stand for one where every reference is replaced by what it refers to. */
const MAX_SCHEMAS = 10_000;
/** Schemas times characters of the value: more than that takes longer than a call may wait. */
const MAX_WORK = 10_000_000;

/**
 * Whether a value fits a JSON Schema (2020-12, the dialect of MCP). True without a schema; false for one that cannot be
 * applied in a time that has a bound: it refers to another document or to itself, has patterns, or is too large for the
 * value.
 */
export function fitsSchema(value: JsonText | undefined, schema: JsonText | undefined): boolean {
  if (schema === undefined || value === undefined) return true;
  try {
    const described = schema.value();
    if (!isSchema(described)) return false;
    const schemas = new SchemaCount(described).of(described);
    if (schemas > MAX_SCHEMAS || schemas * value.text.length > MAX_WORK) return false;
    return new Validator(described, '2020-12').validate(value.value()).valid;
  } catch {
    return false;
  }
}

/** Counts what is applied to a value at most: the values inside a schema, those behind its references again each time. */
class SchemaCount {
  readonly #root: Schema;
  /** Undefined while it is counted: what comes to itself again has no end. */
  readonly #known = new Map<object, number | undefined>();

  constructor(root: Schema) {
    this.#root = root;
  }

  of(value: unknown): number {
    if (typeof value !== 'object' || value === null) return 1;
    if (this.#known.has(value)) return this.#known.get(value) ?? Number.POSITIVE_INFINITY;
    this.#known.set(value, undefined);
    let count = 1;
    for (const [key, member] of Object.entries(value)) {
      const isRoot = value === this.#root;
      // Below an address of its own, references would begin elsewhere.
      if (UNBOUNDED.has(key) || (key === '$id' && !isRoot)) return Number.POSITIVE_INFINITY;
      if (REFERENCES.has(key) && typeof member === 'string') count += this.of(this.#referred(member));
      // What is only referred to counts where it is referred to.
      else if (!isRoot || (key !== '$defs' && key !== 'definitions')) count += this.of(member);
    }
    this.#known.set(value, count);
    return count;
  }

  /** What a pointer into the same document names (RFC 6901); throws for any other reference. */
  #referred(reference: string): unknown {
    if (!reference.startsWith('#') || (reference !== '#' && !reference.startsWith('#/')))
      throw new TypeError('It refers to another document, or by an anchor.');
    let found: unknown = this.#root;
    for (const part of decodeURIComponent(reference.slice(1)).split('/').slice(1)) {
      const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
      if (!isSchema(found) || !Object.hasOwn(found, key)) throw new TypeError('It refers to nothing.');
      found = found[key];
    }
    return found;
  }
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
