import type { JsonText } from '../lib/json-text.ts';
import { decodeHeaderValue, encodeHeaderValue, type HeaderValues, headerOf } from './headers.ts';

/** One `x-mcp-header` of a tool's inputSchema (Streamable HTTP 2026-07-28 §Schema Extension). */
export interface ParamAnnotation {
  /** Keys of `properties` from the root of the arguments to the value. */
  readonly path: readonly string[];
  /** The part of the header's name after `Mcp-Param-`, as the schema spells it. */
  readonly name: string;
  /** `number` is not allowed by the revision. It is mirrored towards upstreams that use it, and never published. */
  readonly type: 'string' | 'integer' | 'boolean' | 'number';
}

/** The annotations of a schema, or why the tool must be left out of lists. */
export type ParamAnnotations =
  | { readonly valid: true; readonly annotations: readonly ParamAnnotation[] }
  | { readonly valid: false; readonly reason: string };

const KEY = 'x-mcp-header';
/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const DECIMAL = /^-?\d+(?:\.\d+)?$/;
/** Keywords whose value is one schema or a list of them. An annotation below one has no fixed place in the arguments. */
const SCHEMA_KEYWORDS: readonly string[] = [
  'items',
  'prefixItems',
  'additionalItems',
  'unevaluatedItems',
  'contains',
  'additionalProperties',
  'unevaluatedProperties',
  'propertyNames',
  'contentSchema',
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
];
/** Keywords whose value is an object of schemas. */
const SCHEMA_MAP_KEYWORDS: readonly string[] = [
  'patternProperties',
  'dependentSchemas',
  'dependencies',
  '$defs',
  'definitions',
];

/** Reads the annotations of an inputSchema. Looks at schemas only: the key inside `default` or `enum` is data. */
export function readParamAnnotations(inputSchema: JsonText): ParamAnnotations {
  const found: ParamAnnotation[] = [];
  const reason = findFault({ schema: inputSchema.value(), path: [], reachable: true }, found);
  return reason === undefined ? { valid: true, annotations: found } : { valid: false, reason };
}

/**
 * Compares `Mcp-Param-*` headers with the arguments of a call (§Server Behavior for Custom Headers). Gives undefined
 * when they agree, otherwise a public sentence for HEADER_MISMATCH. A value that is null or absent expects no header,
 * and neither does an object or array, which the check of the arguments refuses.
 */
export function checkParamHeaders(
  annotations: readonly ParamAnnotation[],
  args: JsonText | undefined,
  headers: HeaderValues,
): string | undefined {
  for (const annotation of annotations) {
    if (annotation.type === 'number') continue;
    const value = args?.at(...annotation.path);
    const text = value === undefined ? undefined : primitiveText(value);
    if (value === undefined || text === undefined) continue;
    const name = `Mcp-Param-${annotation.name}`;
    const header = headerOf(headers, name.toLowerCase());
    if (header === undefined) return `${name} is missing.`;
    const decoded = decodeHeaderValue(header);
    if (decoded === undefined) return `${name} is malformed.`;
    if (decoded === text) continue;
    if (!(annotation.type === 'integer' && isSameNumber(decoded, value)))
      return `${name} differs from the body.`;
  }
  return undefined;
}

/** The `Mcp-Param-*` headers to send upstream with these arguments (§Client Behavior). */
export function paramHeaders(
  annotations: readonly ParamAnnotation[],
  args: JsonText | undefined,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const annotation of annotations) {
    const value = args?.at(...annotation.path);
    const text = value === undefined ? undefined : primitiveText(value);
    if (text !== undefined) headers[`Mcp-Param-${annotation.name}`] = encodeHeaderValue(text);
  }
  return headers;
}

/** The schema without annotations of type `number`, which clients of the revision would refuse. */
export function withoutNumberAnnotations(
  inputSchema: JsonText,
  annotations: readonly ParamAnnotation[],
): JsonText {
  return annotations.reduce(
    (schema, { path, type }) => (type === 'number' ? dropAnnotation(schema, path) : schema),
    inputSchema,
  );
}

function dropAnnotation(schema: JsonText, path: readonly string[]): JsonText {
  const [key, ...rest] = path;
  if (key === undefined) return schema.with({ [KEY]: undefined });
  const properties = schema.get('properties');
  const inner = properties?.get(key);
  if (properties === undefined || inner === undefined) return schema;
  return schema.with({ properties: properties.with({ [key]: dropAnnotation(inner, rest) }) });
}

interface Place {
  readonly schema: unknown;
  readonly path: readonly string[];
  /** False below anything but a chain of `properties`. */
  readonly reachable: boolean;
}

function findFault(place: Place, found: ParamAnnotation[]): string | undefined {
  const { schema, path } = place;
  if (!isObject(schema)) return undefined;
  if (Object.hasOwn(schema, KEY)) {
    const fault = takeAnnotation(schema, place, found);
    if (fault !== undefined) return fault;
  }
  for (const [key, child] of entriesOf(schema, 'properties')) {
    const fault = findFault({ schema: child, path: [...path, key], reachable: place.reachable }, found);
    if (fault !== undefined) return fault;
  }
  for (const child of unreachableSchemas(schema)) {
    const fault = findFault({ schema: child, path, reachable: false }, found);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function takeAnnotation(
  schema: Readonly<Record<string, unknown>>,
  { path, reachable }: Place,
  found: ParamAnnotation[],
): string | undefined {
  const name = schema[KEY];
  const type = Object.hasOwn(schema, 'type') ? schema['type'] : undefined;
  if (!reachable || path.length === 0) return `${KEY} stands where only a chain of properties may lead.`;
  if (typeof name !== 'string' || !TOKEN.test(name)) return `${KEY} is not a header name.`;
  if (type !== 'string' && type !== 'integer' && type !== 'boolean' && type !== 'number') {
    return `${KEY} stands on a value that is neither string, integer nor boolean.`;
  }
  const lower = name.toLowerCase();
  if (found.some((other) => other.name.toLowerCase() === lower)) return `Two values share one ${KEY}.`;
  found.push({ path, name, type });
  return undefined;
}

function unreachableSchemas(schema: Readonly<Record<string, unknown>>): unknown[] {
  const single = SCHEMA_KEYWORDS.flatMap((keyword) =>
    Object.hasOwn(schema, keyword) ? schema[keyword] : [],
  );
  const mapped = SCHEMA_MAP_KEYWORDS.flatMap((keyword) =>
    entriesOf(schema, keyword).map(([, child]) => child),
  );
  return [...single, ...mapped];
}

function entriesOf(schema: Readonly<Record<string, unknown>>, keyword: string): [string, unknown][] {
  const value = Object.hasOwn(schema, keyword) ? schema[keyword] : undefined;
  return isObject(value) ? Object.entries(value) : [];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** §Value Encoding, type conversion. A number keeps its digits, so that none is lost that JavaScript cannot hold. */
function primitiveText(value: JsonText): string | undefined {
  switch (value.kind) {
    case 'string':
      return value.string();
    case 'boolean':
      return value.text;
    case 'number':
      return DECIMAL.test(value.text) && !/\.0+$/.test(value.text) ? value.text : numberText(value.value());
    default:
      return undefined;
  }
}

function numberText(value: unknown): string | undefined {
  return Number.isFinite(value) ? String(value) : undefined;
}

/** §Server Validation: integers are compared as numbers, as far as JavaScript tells them apart. */
function isSameNumber(header: string, value: JsonText): boolean {
  if (value.kind !== 'number' || !DECIMAL.test(header)) return false;
  const number = Number(header);
  return Number.isSafeInteger(number) && number === value.value();
}
