import { JsonText } from '../../lib/json-text.ts';
import { encodeHeaderValue } from '../../wire/headers.ts';
import { type ParamAnnotation, paramHeaders, readParamAnnotations } from '../../wire/param-headers.ts';

/** Tools whose annotations are kept; those listed last win. */
const MAX_TOOLS = 10_000;

/** What a modern request says in headers, as far as it takes the tools to know it. */
export interface ToolHeaders {
  /** Notes the annotations of a `tools/list` result, and gives it without the tools whose annotations are invalid. */
  learn(result: JsonText): JsonText;
  /** The `Mcp-Param-*` headers of a `tools/call`. Empty where the tool mirrors nothing or is not known. */
  of(params: JsonText): Readonly<Record<string, string>>;
}

/** Remembers which arguments the tools mirror (Streamable HTTP 2026-07-28 §Client Behavior). */
export function createToolHeaders(warn: (text: string) => void): ToolHeaders {
  const known = new Map<string, readonly ParamAnnotation[]>();
  const learnOne = (tool: JsonText): boolean => {
    const name = tool.get('name')?.string();
    const schema = tool.get('inputSchema');
    if (name === undefined || schema === undefined) return true;
    const read = readParamAnnotations(schema);
    known.delete(name);
    if (!read.valid) {
      warn(`The tool ${JSON.stringify(name)} is left out: ${read.reason}`);
      return false;
    }
    if (read.annotations.length > 0) known.set(name, read.annotations);
    const [oldest] = known.keys();
    if (known.size > MAX_TOOLS && oldest !== undefined) known.delete(oldest);
    return true;
  };
  return {
    learn: (result) => {
      const tools = result.get('tools')?.items() ?? [];
      const kept = tools.filter(learnOne);
      if (kept.length === tools.length) return result;
      return result.with({ tools: JsonText.written(`[${kept.map(({ text }) => text).join(',')}]`) });
    },
    of: (params) => {
      const annotations = known.get(params.get('name')?.string() ?? '');
      return annotations === undefined ? {} : paramHeaders(annotations, params.get('arguments'));
    },
  };
}

/** The headers that mirror any modern request (§Standard Request Headers). */
export function mirroredHeaders(request: {
  readonly method: string;
  readonly version: string;
  /** What `Mcp-Name` mirrors. */
  readonly name: string | undefined;
}): Record<string, string> {
  const { method, version, name } = request;
  return {
    'mcp-protocol-version': version,
    'mcp-method': method,
    ...(name !== undefined && { 'mcp-name': encodeHeaderValue(name) }),
  };
}
