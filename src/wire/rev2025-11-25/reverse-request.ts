import { withoutKeys } from '../../lib/json-edit.ts';
import { JsonText } from '../../lib/json-text.ts';
import { asksForUnsafeUrl } from '../asked-url.ts';
import type { Lacking, Revision } from './revision.ts';
import { withoutEnvelope } from './strip.ts';

/** What the client's revision and capabilities make of an input request. */
export type ReverseRequest =
  | { readonly kind: 'ask'; readonly method: string; readonly params: JsonText | undefined }
  | { readonly kind: 'lacking'; readonly capability: string }
  | { readonly kind: 'invalid' };

/** The client that an input request is for. */
export interface AskedClient {
  readonly revision: Revision;
  /** As `_meta` of modern calls carries them. */
  readonly capabilities: JsonText;
  /** Gives the `elicitationId` of a url elicitation. */
  readonly elicitationId: () => string;
}

/**
 * An input request of the inside as the legacy request that asks the client for it, or why this client cannot be
 * asked (2026-07-28 basic/patterns/mrtr: never ask for what the client did not declare).
 */
export function toReverseRequest(request: JsonText, client: AskedClient): ReverseRequest {
  const method = request.get('method')?.string();
  const given = request.get('params');
  const params = given?.kind === 'object' ? withoutEnvelope(withoutKeys(given, ['task'])) : undefined;
  if (asksForUnsafeUrl(method, params)) return { kind: 'invalid' };
  switch (method) {
    case 'roots/list':
      if (!declares(client, 'roots')) return lacks('roots');
      return { kind: 'ask', method, params };
    case 'elicitation/create':
      return params === undefined ? { kind: 'invalid' } : ask(method, elicitation(params, client));
    case 'sampling/createMessage':
      return params === undefined ? { kind: 'invalid' } : ask(method, sampling(params, client));
    default:
      return { kind: 'invalid' };
  }
}

function ask(method: string, params: JsonText | Lacking): ReverseRequest {
  return 'lacking' in params ? lacks(params.lacking) : { kind: 'ask', method, params };
}

function lacks(capability: string): ReverseRequest {
  return { kind: 'lacking', capability };
}

function declares({ capabilities }: AskedClient, ...path: readonly string[]): boolean {
  return capabilities.at(...path)?.kind === 'object';
}

function elicitation(params: JsonText, client: AskedClient): JsonText | Lacking {
  if (params.get('mode')?.string() !== 'url') {
    return declares(client, 'elicitation', 'form')
      ? client.revision.elicitForm(params)
      : { lacking: 'elicitation.form' };
  }
  if (!client.revision.elicitUrl || !declares(client, 'elicitation', 'url')) {
    return { lacking: 'elicitation.url' };
  }
  return params.get('elicitationId')?.string() === undefined
    ? params.with({ elicitationId: JsonText.of(client.elicitationId()) })
    : params;
}

function sampling(params: JsonText, client: AskedClient): JsonText | Lacking {
  if (!declares(client, 'sampling')) return { lacking: 'sampling' };
  const tools = params.get('tools') ?? params.get('toolChoice');
  if (tools !== undefined && !declares(client, 'sampling', 'tools')) return { lacking: 'sampling.tools' };
  return client.revision.createMessage(withAllowedContext(params, client));
}

/** `includeContext` other than `none` needs `sampling.context` where clients declare it (2025-11-25 client/sampling). */
function withAllowedContext(params: JsonText, client: AskedClient): JsonText {
  const context = params.get('includeContext')?.string();
  const open = context === undefined || context === 'none' || !client.revision.declaresContext;
  if (open || declares(client, 'sampling', 'context')) return params;
  return params.with({ includeContext: JsonText.of('none') });
}
