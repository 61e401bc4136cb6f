import { mapItems, mapMembers } from '../../lib/json-edit.ts';
import { JsonText } from '../../lib/json-text.ts';

/** Where the schema stands once it is wrapped, as a JSON Pointer fragment (RFC 6901 §6). */
const MOVED_TO = '#/properties/result';
/** Keywords whose values are data, in which `$ref` is an ordinary key. */
const DATA = new Set(['const', 'enum', 'default', 'examples']);
/** Keywords whose values map names to schemas, so their keys are no keywords. */
const NAMED = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
  'dependencies',
]);

/** True for an output schema that legacy clients refuse: its root does not say `type: object` (2025-11-25 §Tool). */
export function needsWrapping(schema: JsonText): boolean {
  return schema.kind === 'object' && schema.get('type')?.string() !== 'object';
}

/**
 * An output schema as legacy clients take it: an object whose member `result` has the schema. Pointers that start at
 * the root of the document move with it, except below an `$id` that makes a document of its own. `$schema` stays at
 * the root, where validators look for it.
 */
export function wrapSchema(schema: JsonText): JsonText {
  const dialect = schema.get('$schema');
  const head = dialect === undefined ? '' : `"$schema":${dialect.text},`;
  const inner = movePointers(schema);
  return JsonText.written(
    `{${head}"type":"object","properties":{"result":${inner.text}},"required":["result"]}`,
  );
}

function movePointers(schema: JsonText): JsonText {
  if (schema.kind === 'array') return mapItems(schema, movePointers);
  if (schema.kind !== 'object' || isOwnDocument(schema)) return schema;
  return mapMembers(schema, (value, key) => {
    if (key === '$ref' || key === '$dynamicRef') return movePointer(value);
    if (DATA.has(key)) return value;
    if (NAMED.has(key) && value.kind === 'object') return mapMembers(value, movePointers);
    return movePointers(value);
  });
}

/** An `$id` that is more than a fragment gives the schema a base URI of its own (JSON Schema 2020-12 core §8.2.1). */
function isOwnDocument(schema: JsonText): boolean {
  const id = schema.get('$id')?.string();
  return id !== undefined && !id.startsWith('#');
}

function movePointer(value: JsonText): JsonText {
  const pointer = value.string();
  if (pointer === '#') return JsonText.of(MOVED_TO);
  if (pointer?.startsWith('#/') === true) return JsonText.of(MOVED_TO + pointer.slice(1));
  return value;
}
