import { z } from 'zod';
import { configFileSchema } from './schema.ts';

/** The part of JSON Schema (2020-12) that the configuration uses. */
export interface JsonSchemaNode {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, JsonSchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchemaNode;
  readonly propertyNames?: JsonSchemaNode;
  readonly items?: JsonSchemaNode;
  readonly anyOf?: readonly JsonSchemaNode[];
}

/** The schema of the configuration file as plain JSON Schema: values as they are after substitution. */
export function describeConfig(): JsonSchemaNode {
  const json: unknown = z.toJSONSchema(configFileSchema, { io: 'input', target: 'draft-2020-12' });
  return isNode(json) ? json : {};
}

function isNode(value: unknown): value is JsonSchemaNode {
  return typeof value === 'object' && value !== null;
}

/** A value that is filled in when the file is read. */
const SUBSTITUTION: JsonSchemaNode = { type: 'string', pattern: '\\$\\{[^{}]+\\}' };

/**
 * The JSON Schema that editors use: `describeConfig`, but a `${...}` may stand for any value, and a map whose keys are
 * all optional may be left empty.
 */
export function publishConfigSchema(): JsonSchemaNode {
  return { ...loosen(describeConfig()), title: 'Gateward configuration' };
}

function loosen(node: JsonSchemaNode): JsonSchemaNode {
  const loose: JsonSchemaNode = {
    ...node,
    ...(node.properties && { properties: mapValues(node.properties, loosen) }),
    ...(isNode(node.additionalProperties) && { additionalProperties: loosen(node.additionalProperties) }),
    ...(node.items && { items: loosen(node.items) }),
    ...(node.anyOf && { anyOf: node.anyOf.map(loosen) }),
  };
  if (node.type === 'object' && node.required === undefined) return { ...loose, type: ['object', 'null'] };
  if (!needsSubstitution(node)) return loose;
  const { description, default: preset, ...rest } = loose;
  return {
    ...(description !== undefined && { description }),
    ...(preset !== undefined && { default: preset }),
    anyOf: [rest, SUBSTITUTION],
  };
}

function needsSubstitution(node: JsonSchemaNode): boolean {
  if (node.type === 'integer' || node.type === 'boolean') return true;
  return node.type === 'string' && (node.pattern ?? node.const ?? node.enum) !== undefined;
}

function mapValues<V>(map: Readonly<Record<string, V>>, change: (value: V) => V): Record<string, V> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}

/** What the schema says of the value at a path: one node, several where it is one of several kinds, none where it is unknown. */
export function schemaAt(
  root: JsonSchemaNode,
  path: readonly (string | number)[],
): readonly JsonSchemaNode[] {
  let nodes: readonly JsonSchemaNode[] = [root];
  for (const part of path) nodes = nodes.flatMap(alternatives).flatMap((node) => stepInto(node, part));
  return nodes.flatMap(alternatives);
}

function alternatives(node: JsonSchemaNode): readonly JsonSchemaNode[] {
  return node.anyOf === undefined ? [node] : node.anyOf.flatMap(alternatives);
}

function stepInto(node: JsonSchemaNode, part: string | number): readonly JsonSchemaNode[] {
  if (typeof part === 'number') return node.items === undefined ? [] : [node.items];
  const own =
    node.properties !== undefined && Object.hasOwn(node.properties, part) ? node.properties[part] : undefined;
  if (own !== undefined) return [own];
  return isNode(node.additionalProperties) ? [node.additionalProperties] : [];
}
