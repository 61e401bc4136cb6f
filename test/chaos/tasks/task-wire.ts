import { setTimeout as sleep } from 'node:timers/promises';
import { askModern } from '../../support/front-door.ts';
import { TASKS } from '../../support/task-client.ts';
import type { Json } from './answer.ts';

/** An answer as it came, or why there was none. */
export type Reply =
  | { readonly kind: 'result'; readonly result: Json }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }
  | { readonly kind: 'broken'; readonly why: string };

const META = {
  'io.modelcontextprotocol/clientCapabilities': {
    elicitation: { form: {} },
    extensions: { [TASKS]: {} },
  },
};
/** A client gives up on one request after this, and may send it again. */
const PATIENCE_MS = 20_000;
const PAUSE_MS = 200;
/** Errors that ask the client to come again: STOPPING, STORE_UNAVAILABLE. */
const AGAIN: readonly number[] = [1002, 1019];

let lastId = 0;

/** Sends one request of a modern client that knows tasks, once. */
export async function send(url: string, method: string, params: Json): Promise<Reply> {
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const { status, message } = await askModern(url, method, { id: ++lastId, params, meta: META, signal });
    const { result, error } = message;
    if (error !== undefined)
      return { kind: 'error', code: Number(Object(error).code), message: String(Object(error).message) };
    if (result === undefined) return { kind: 'broken', why: `HTTP ${status} without a message` };
    return { kind: 'result', result: Object(result) };
  } catch (error) {
    return { kind: 'broken', why: error instanceof Error ? `${error.name} ${error.message}` : String(error) };
  }
}

/**
 * Sends a request that may be sent again until there is an answer, for `withinMs` at most: then it gives what came
 * last.
 */
export async function insist(
  url: string,
  request: { readonly method: string; readonly params: Json },
  withinMs: number,
): Promise<Reply> {
  const until = Date.now() + withinMs;
  for (;;) {
    const reply = await send(url, request.method, request.params);
    const isFinal = reply.kind === 'result' || (reply.kind === 'error' && !AGAIN.includes(reply.code));
    if (isFinal || Date.now() > until) return reply;
    await sleep(PAUSE_MS);
  }
}
