import type { Failed } from '../../call.ts';
import { JsonText } from '../../lib/json-text.ts';

const MISSING_CAPABILITY = -32_021;
const MODERN_ONLY: readonly unknown[] = [-32_020, MISSING_CAPABILITY, -32_022];
const INTERNAL = JsonText.of(-32_603);
const RESOURCE_NOT_FOUND = JsonText.of(-32_002);

/** How a legacy client is told: by a JSON-RPC error, or inside a tool's result. */
export type LegacyFailure =
  | { readonly kind: 'error'; readonly error: JsonText }
  | { readonly kind: 'result'; readonly result: JsonText };

/**
 * A failure in the words of legacy. Codes that only modern has become -32603 and keep their text. An unknown resource
 * is -32002 where Gateward or a legacy server said so (2025-11-25 server/resources §Error Handling). A tool that needs
 * what this client cannot be asked ends in a result with `isError`.
 */
export function failureToLegacy({ error, code }: Failed, method: string): LegacyFailure {
  const number = error.get('code')?.value();
  if (number === MISSING_CAPABILITY && method === 'tools/call') {
    return { kind: 'result', result: toolError(error.get('message')?.string() ?? '') };
  }
  if (MODERN_ONLY.includes(number)) return { kind: 'error', error: error.with({ code: INTERNAL }) };
  if (code === 'UNKNOWN_RESOURCE') return { kind: 'error', error: error.with({ code: RESOURCE_NOT_FOUND }) };
  return { kind: 'error', error };
}

/** What a tool says when it fails (2025-11-25 server/tools §Error Handling). */
export function toolError(text: string): JsonText {
  return JsonText.of({ content: [{ type: 'text', text }], isError: true });
}
