import type { JsonText } from '../../lib/json-text.ts';
import { readWrappings } from '../../wire/rev2025-11-25/to-legacy.ts';

/** Tools that are remembered, over all servers. */
const MAX_TOOLS = 10_000;

/**
 * Which tools were listed to legacy clients with a wrapped output schema, so that their results fit it. A result whose
 * value is no object is wrapped anyway, so this decides only about objects whose schema has another root.
 */
export class WrappedTools {
  /** The latest listed last. */
  readonly #tools = new Set<string>();

  /** Notes what a modern `tools/list` result says. */
  learn(server: string, result: JsonText): void {
    for (const { name, wrapped } of readWrappings(result)) {
      const tool = nameOf(server, name);
      this.#tools.delete(tool);
      if (wrapped) this.#tools.add(tool);
    }
    for (const oldest of this.#tools) {
      if (this.#tools.size <= MAX_TOOLS) break;
      this.#tools.delete(oldest);
    }
  }

  has(server: string, tool: string | undefined): boolean {
    return tool !== undefined && this.#tools.has(nameOf(server, tool));
  }
}

function nameOf(server: string, tool: string): string {
  return `${server}/${tool}`;
}
