import type { AuthorizationContext, Call } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import { META_KEYS } from '../wire/meta-keys.ts';
import { MODERN_VERSIONS } from '../wire/versions.ts';
import type { Connector } from './connector.ts';
import { PROBE_ID, writeProbe } from './probe-era.ts';

/** Who asks. */
export interface OwnDiscover {
  readonly clientInfo: { readonly name: string; readonly version: string };
  readonly context: AuthorizationContext;
  readonly signal: AbortSignal;
}

/**
 * Asks `server/discover` through a connector, as the gateway itself and without capabilities, so that a server of
 * either era shows that it answers. Rejects with what the connector rejects with, or UPSTREAM_INVALID.
 */
export async function discoverThrough(connector: Connector, asked: OwnDiscover): Promise<JsonText> {
  const outcome = await connector.call(discoverCall(asked), asked.context);
  if (outcome.kind === 'complete') return outcome.result;
  throw new GatewardError('UPSTREAM_INVALID', {
    detail: 'It does not answer server/discover.',
    cause: outcome.kind === 'error' ? outcome.error.text : outcome.kind,
  });
}

/** What a DiscoverResult says of the server. */
export function serverInfoOf(discover: JsonText | undefined): JsonText | undefined {
  const info = discover?.at('_meta', META_KEYS.serverInfo);
  return info?.kind === 'object' ? info : undefined;
}

function discoverCall({ clientInfo, signal }: OwnDiscover): Call {
  const version = MODERN_VERSIONS[0] ?? '';
  const info = JsonText.of(clientInfo);
  return {
    message: writeProbe(version, info),
    id: PROBE_ID,
    method: 'server/discover',
    name: undefined,
    meta: {
      protocolVersion: version,
      clientCapabilities: JsonText.written('{}'),
      clientInfo: info,
      logLevel: undefined,
      progressToken: undefined,
    },
    signal,
    notify: () => undefined,
    legacy: undefined,
  };
}
