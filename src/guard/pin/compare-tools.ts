import type { Item } from '../../inspector.ts';
import { compareNames } from '../scan/names.ts';
import type { DefinitionFinding } from './known-definitions.ts';

/** The names of tools at one upstream. */
export interface ToolNames {
  readonly upstream: string;
  readonly names: readonly string[];
}

/** Tools that nobody approved yet, and all that they are compared with. */
export interface NewTools {
  readonly upstream: string;
  readonly items: readonly Item[];
  /** Names of the same upstream that are settled. */
  readonly settled: readonly string[];
  readonly others: readonly ToolNames[];
}

/** What the names of new tools, beside those that are there already, give to think. By name. */
export function compareTools({
  upstream,
  items,
  settled,
  others,
}: NewTools): ReadonlyMap<string, readonly DefinitionFinding[]> {
  const own = [...settled.map((name) => ({ name })), ...items.map(readTool)];
  const found = compareNames([
    ...others.map((other) => ({ upstream: other.upstream, tools: other.names.map((name) => ({ name })) })),
    { upstream, tools: own },
  ]);
  const byName = new Map<string, DefinitionFinding[]>();
  for (const finding of found) {
    if (finding.upstream !== upstream || finding.index < settled.length) continue;
    const { tool, rule, severity, reason, path } = finding;
    const before = byName.get(tool) ?? [];
    byName.set(tool, [...before, { rule, severity, reason, path }]);
  }
  return byName;
}

function readTool({ name, text }: Item): { name: string; description?: string | undefined } {
  const tool: unknown = JSON.parse(text);
  const description =
    typeof tool === 'object' && tool !== null && 'description' in tool ? tool.description : undefined;
  return { name, description: typeof description === 'string' ? description : undefined };
}
