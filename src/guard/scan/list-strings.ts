/** One string of a definition. */
export interface Place {
  /** JSON Pointer (RFC 6901) in the definition. A property's name has the path of the property. */
  readonly path: string;
  readonly text: string;
  /** `name`: the tool's own name. `key`: a property's name. `text`: any other string. */
  readonly kind: 'name' | 'key' | 'text';
}

/** What was found in a definition, and whether it was all. */
export interface Strings {
  readonly places: readonly Place[];
  readonly isWhole: boolean;
}

const MAX_DEPTH = 64;
const MAX_PLACES = 50_000;
const MAX_CHARS = 8 * 1024 * 1024;

interface Open {
  readonly value: unknown;
  readonly path: string;
  readonly depth: number;
}

/** Lists every string of a definition in its order, the names of properties included, within bounds. */
export function listStrings(definition: unknown): Strings {
  const places: Place[] = [];
  const open: Open[] = [{ value: definition, path: '', depth: 0 }];
  let isWhole = true;
  let chars = 0;
  const add = (place: Place): void => {
    chars += place.text.length;
    if (places.length < MAX_PLACES && chars <= MAX_CHARS) places.push(place);
    else isWhole = false;
  };
  for (let next = open.pop(); next !== undefined && isWhole; next = open.pop()) {
    const { value, path, depth } = next;
    if (typeof value === 'string') {
      add({ path, text: value, kind: path === '/name' ? 'name' : 'text' });
    } else if (typeof value === 'object' && value !== null) {
      if (depth >= MAX_DEPTH) return { places, isWhole: false };
      const entries = Object.entries(value);
      const isArray = Array.isArray(value);
      for (let at = entries.length - 1; at >= 0; at -= 1) {
        const [key, child] = entries[at] ?? ['', undefined];
        open.push({ value: child, path: `${path}/${escapePointer(key)}`, depth: depth + 1 });
      }
      if (isArray) continue;
      for (const [key] of entries) {
        if (!KNOWN_KEYS.has(key)) add({ path: `${path}/${escapePointer(key)}`, text: key, kind: 'key' });
      }
    }
  }
  return { places, isWhole };
}

function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The names that the protocol and JSON Schema give to properties say nothing of a tool. */
const KNOWN_KEYS: ReadonlySet<string> = new Set(
  `name title description inputSchema outputSchema annotations _meta icons type properties required enum default
  examples items anyOf oneOf allOf not const format pattern minimum maximum minLength maxLength minItems maxItems
  additionalProperties $schema $ref $defs definitions $comment $id readOnlyHint destructiveHint idempotentHint
  openWorldHint uniqueItems exclusiveMinimum exclusiveMaximum nullable src mimeType sizes`.split(/\s+/),
);
