import type { JsonText } from '../lib/json-text.ts';
import { readParamAnnotations, withoutNumberAnnotations } from '../wire/param-headers.ts';

const MARK = 'x-mcp-header';

/**
 * A tool as clients may see it. Undefined if its `x-mcp-header` annotations are invalid, since a client must leave
 * such a tool out (Streamable HTTP 2026-07-28 §Schema Extension); annotations on `number`, which the revision does
 * not allow, are honoured towards the upstream but not shown.
 */
export function publishTool(tool: JsonText): JsonText | undefined {
  if (!tool.bytes.includes(MARK)) return tool;
  const inputSchema = tool.get('inputSchema');
  if (inputSchema === undefined) return tool;
  const read = readParamAnnotations(inputSchema);
  if (!read.valid) return undefined;
  if (read.annotations.every(({ type }) => type !== 'number')) return tool;
  return tool.with({ inputSchema: withoutNumberAnnotations(inputSchema, read.annotations) });
}
