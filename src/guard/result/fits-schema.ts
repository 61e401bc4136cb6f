import { type Schema, Validator } from '@cfworker/json-schema';
import type { JsonText } from '../../lib/json-text.ts';

/** A regular expression of somebody else's can run for minutes, so no schema with one is applied. */
const PATTERN = /"(?:pattern|patternProperties)"/;

/**
 * Whether a value fits a JSON Schema (2020-12, the dialect of MCP). True without a schema; false for one that cannot be
 * applied: it refers to another document, is recursive without end, or has patterns.
 */
export function fitsSchema(value: JsonText | undefined, schema: JsonText | undefined): boolean {
  if (schema === undefined || value === undefined) return true;
  if (PATTERN.test(schema.text)) return false;
  const described = schema.value();
  if (!isSchema(described)) return false;
  try {
    return new Validator(described, '2020-12').validate(value.value()).valid;
  } catch {
    return false;
  }
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
