import type { Call, Notify } from '../call.ts';
import { JsonText } from '../lib/json-text.ts';

/**
 * What the gateway declares when it asks for itself: everything, since a server may list a tool only to a client
 * that can answer its questions (lists are never filtered by client capabilities).
 */
const CAPABILITIES = JsonText.of({ elicitation: { form: {}, url: {} }, sampling: { tools: {} }, roots: {} });
const CLIENT_INFO = JsonText.of({ name: 'gateward', version: '1' });
const VERSION = '2026-07-28';
const META = JsonText.of({
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientCapabilities': CAPABILITIES.value(),
  'io.modelcontextprotocol/clientInfo': CLIENT_INFO.value(),
});

/** A call that the gateway makes for itself. */
export interface OwnCall {
  readonly method: string;
  /** Members of `params` beside `_meta`. */
  readonly params?: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  readonly notify?: Notify;
  /** Raw id text; listens need one of their own, since notifications carry it. */
  readonly id?: string;
}

/** Writes a modern call with the gateway itself as the client. */
export function ownCall({ method, params = {}, signal, notify = dropNotification, id = '1' }: OwnCall): Call {
  const body = JsonText.of(params).with({ _meta: META });
  return {
    message: JsonText.written(
      `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${body.text}}`,
    ),
    id,
    method,
    name: undefined,
    meta: {
      protocolVersion: VERSION,
      clientCapabilities: CAPABILITIES,
      clientInfo: CLIENT_INFO,
      logLevel: undefined,
      progressToken: undefined,
    },
    signal,
    notify,
    legacy: undefined,
  };
}

function dropNotification(): undefined {
  return undefined;
}
