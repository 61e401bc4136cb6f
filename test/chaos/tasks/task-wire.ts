import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from './answer.ts';

/** An answer as it came, or why there was none. */
export type Reply =
  | { readonly kind: 'result'; readonly result: Json }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }
  | { readonly kind: 'broken'; readonly why: string };

const VERSION = '2026-07-28';
const META = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientInfo': { name: 'chaos-tasks', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': {
    elicitation: { form: {} },
    extensions: { 'io.modelcontextprotocol/tasks': {} },
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
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': VERSION,
    'mcp-method': method,
    'mcp-name': String(params['name'] ?? params['taskId']),
  };
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: ++lastId,
    method,
    params: { ...params, _meta: META },
  });
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch(url, { method: 'POST', headers, body, signal });
    const message = readMessage(await response.text());
    if (message === undefined) return { kind: 'broken', why: `HTTP ${response.status} without a message` };
    const { result, error } = message;
    if (error === undefined) return { kind: 'result', result: Object(result) };
    return { kind: 'error', code: Number(Object(error).code), message: String(Object(error).message) };
  } catch (error) {
    return { kind: 'broken', why: error instanceof Error ? `${error.name} ${error.message}` : String(error) };
  }
}

/** The response in a body, be it JSON or a stream of events. */
function readMessage(text: string): Json | undefined {
  const events = text.startsWith('{')
    ? [text]
    : [...text.matchAll(/^data: ?(\{.*)$/gm)].map(([, data]) => data);
  const messages: Json[] = events.map((one) => JSON.parse(one ?? ''));
  return messages.find((message) => 'result' in message || 'error' in message);
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
