/** Calls as doors make them, for tests of what lies behind the doors. */
import type { Call } from '../../src/call.ts';
import { JsonText } from '../../src/lib/json-text.ts';

/** What a test says of its call; the rest is usual. */
export interface CallSketch {
  readonly id?: string;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly name?: string | undefined;
  readonly signal?: AbortSignal;
  readonly notify?: Call['notify'];
  /** What the client declares; nothing by default. */
  readonly capabilities?: Record<string, unknown>;
  readonly legacy?: Call['legacy'];
}

const meta = (capabilities: object) => ({
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': capabilities,
});

/** A modern `tools/call` of the tool `echo`, unless the sketch says otherwise. */
export function makeCall(sketch: CallSketch = {}): Call {
  const { id = '1', method = 'tools/call', params = { name: 'echo', arguments: {} } } = sketch;
  const { capabilities = {} } = sketch;
  const body = JSON.stringify({ ...params, _meta: meta(capabilities) });
  const name = 'name' in sketch ? sketch.name : 'name' in params ? String(params['name']) : undefined;
  return {
    message: JsonText.parse(
      Buffer.from(`{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${body}}`),
    ),
    id,
    method,
    name,
    meta: {
      protocolVersion: '2026-07-28',
      clientCapabilities: JsonText.of(capabilities),
      clientInfo: undefined,
      logLevel: undefined,
      progressToken: undefined,
    },
    signal: sketch.signal ?? new AbortController().signal,
    notify: sketch.notify ?? (() => undefined),
    legacy: sketch.legacy,
  };
}
