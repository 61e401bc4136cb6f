import type { JsonText } from '../../lib/json-text.ts';
import { JsonText as Json } from '../../lib/json-text.ts';

/** Client capabilities, as far as one request needs them. */
export type RequiredCapabilities = Readonly<Record<string, Readonly<Record<string, object>>>>;

/** What a legacy server may ask a client for. */
const REVERSE_METHODS = new Set(['elicitation/create', 'sampling/createMessage', 'roots/list']);

/** Whether a request of the server can be bridged at all. */
export function isReverseMethod(method: string): boolean {
  return REVERSE_METHODS.has(method);
}

/**
 * What a reverse request needs and these capabilities lack, or undefined if the client can be asked. Form elicitation
 * is also declared by an empty `elicitation` (2025-06-18 and 2025-11-25 client/elicitation §Capabilities).
 */
export function missingCapability(
  reverse: { readonly method: string; readonly params: JsonText | undefined },
  declared: JsonText,
): RequiredCapabilities | undefined {
  const { method, params } = reverse;
  if (method === 'roots/list') return declared.get('roots') === undefined ? { roots: {} } : undefined;
  if (method === 'sampling/createMessage') {
    const sampling = declared.get('sampling');
    const tools = params?.get('tools') ?? params?.get('toolChoice');
    if (tools !== undefined && sampling?.get('tools') === undefined) return { sampling: { tools: {} } };
    return sampling === undefined ? { sampling: {} } : undefined;
  }
  const elicitation = declared.get('elicitation');
  if (params?.get('mode')?.string() === 'url')
    return elicitation?.get('url') === undefined ? { elicitation: { url: {} } } : undefined;
  const form = elicitation?.get('form') !== undefined || elicitation?.keys().length === 0;
  return form ? undefined : { elicitation: { form: {} } };
}

/**
 * Params of a sampling request that asks for no more context than the client declared: `includeContext` other than
 * `none` needs `sampling.context` (2025-11-25 client/sampling).
 */
export function withinContext(params: JsonText | undefined, declared: JsonText): JsonText | undefined {
  const include = params?.get('includeContext')?.string();
  if (params === undefined || include === undefined || include === 'none') return params;
  if (declared.at('sampling', 'context') !== undefined) return params;
  return params.with({ includeContext: Json.of('none') });
}

/** From here on a sampled message may have several blocks (client/sampling §Creating Messages). */
const SEVERAL_BLOCKS = '2025-11-25';

/**
 * What a client answered, as a server of this revision takes it: before 2025-11-25 a sampled message has one block, so
 * one alone stands for itself, and texts become one. Undefined for a message that cannot be said so.
 */
export function replyForRevision(result: JsonText, version: string): JsonText | undefined {
  const content = result.get('content');
  if (content?.kind !== 'array' || version >= SEVERAL_BLOCKS) return result;
  const blocks = content.items();
  const [only, another] = blocks;
  if (only !== undefined && another === undefined) return result.with({ content: only });
  const texts = blocks.map((block) =>
    block.get('type')?.string() === 'text' ? block.get('text')?.string() : undefined,
  );
  if (texts.includes(undefined)) return undefined;
  return result.with({ content: Json.of({ type: 'text', text: texts.join('\n') }) });
}

/** A JSON-RPC error that answers a reverse request. */
export function refusal(code: number, message: string): JsonText {
  return Json.of({ code, message });
}

/** How a client answers that never came, by what was asked: nobody chose anything, so nobody declined. */
export function unansweredReply(
  method: string,
): { readonly result: JsonText } | { readonly error: JsonText } {
  if (method === 'elicitation/create') return { result: Json.of({ action: 'cancel' }) };
  if (method === 'sampling/createMessage') return { error: refusal(-1, 'The user did not answer.') };
  return { error: refusal(-32603, 'The client did not answer.') };
}
