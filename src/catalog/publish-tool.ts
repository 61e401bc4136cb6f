import type { JsonText } from '../lib/json-text.ts';
import { readParamAnnotations, withoutNumberAnnotations } from '../wire/param-headers.ts';
import { withSafeIcons } from '../wire/safe-links.ts';
import type { Source } from './server-view.ts';

const MARK = 'x-mcp-header';
const EXECUTION = 'execution';

/**
 * A tool as clients may see it. Undefined if its `x-mcp-header` annotations are invalid, since a client must leave
 * such a tool out (Streamable HTTP 2026-07-28 §Schema Extension); annotations on `number`, which the revision does
 * not allow, are honoured towards the upstream but not shown. Nor is what a legacy upstream says of its own tasks, nor an
 * icon that no client may load.
 */
export function publishTool(tool: JsonText, source: Pick<Source, 'era'>): JsonText | undefined {
  const safe = withSafeIcons(tool);
  const shown = source.era() === 'legacy' ? withoutExecution(safe) : safe;
  if (!shown.bytes.includes(MARK)) return shown;
  const inputSchema = shown.get('inputSchema');
  if (inputSchema === undefined) return shown;
  const read = readParamAnnotations(inputSchema);
  if (!read.valid) return undefined;
  if (read.annotations.every(({ type }) => type !== 'number')) return shown;
  return shown.with({ inputSchema: withoutNumberAnnotations(inputSchema, read.annotations) });
}

function withoutExecution(tool: JsonText): JsonText {
  if (!tool.bytes.includes(EXECUTION) || tool.get(EXECUTION) === undefined) return tool;
  return tool.with({ [EXECUTION]: undefined });
}
