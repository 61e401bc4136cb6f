import type { Call, Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import { failedBy, failedUpstream } from '../../wire/failure.ts';
import {
  type CacheHints,
  completeResult,
  inputRequiredResult,
  isMethodNotFound,
  type LegacyServer,
  modernError,
  urlInputRequests,
} from '../../wire/rev2025-11-25/upstream-result.ts';
import { missingCapability, type RequiredCapabilities } from '../../wire/rev2025-11-25/upstream-reverse.ts';
import type { Reply } from './legacy-exchange.ts';

/** What is known beside a reply when it becomes an outcome. */
export interface ReplyContext {
  readonly call: Call;
  readonly server: LegacyServer;
  /** What the server asked for in vain, since the call does not declare it. */
  readonly missing: RequiredCapabilities | undefined;
  readonly hints: CacheHints | undefined;
}

/** The reply of a legacy server as a modern outcome. */
export function outcomeOfReply(reply: Reply, context: ReplyContext): Outcome {
  const failed = reply.kind === 'error' || reply.result.get('isError')?.value() === true;
  // A tool that asked in vain and did its work all the same did not need the answer.
  if (failed && context.missing !== undefined && context.call.legacy === undefined)
    return lacking(context.missing);
  if (reply.kind === 'error') return outcomeOfError(reply.error, context);
  return { kind: 'complete', result: completeResult(reply.result, context.server, context.hints) };
}

function outcomeOfError(error: JsonText, { call, server, hints }: ReplyContext): Outcome {
  const asked = urlInputRequests(error);
  if (asked !== undefined) {
    const request = { method: 'elicitation/create', params: asked[0]?.request.get('params') };
    const missing = missingCapability(request, call.meta.clientCapabilities);
    if (missing === undefined) return askForUrls(asked);
    if (call.legacy === undefined) return lacking(missing);
  }
  if (call.method === 'completion/complete' && isMethodNotFound(error) && server.version === '2024-11-05')
    return { kind: 'complete', result: completeResult(NO_COMPLETIONS, server, hints) };
  // What a legacy client is told by a legacy server needs no translation.
  return failedUpstream(call.legacy === undefined ? modernError(error) : error);
}

const NO_COMPLETIONS = JsonText.of({ completion: { values: [] } });

function lacking(requiredCapabilities: RequiredCapabilities): Outcome {
  return failedBy(new GatewardError('MISSING_CAPABILITY', { data: { requiredCapabilities } }));
}

/** Nothing is parked: the server has answered, and the retry calls again. */
function askForUrls(asked: NonNullable<ReturnType<typeof urlInputRequests>>): Outcome {
  const requests = new Map<string, JsonText>();
  const elicitationIds = new Map<string, string>();
  asked.forEach(({ request, elicitationId }, index) => {
    const key = `url-${index + 1}`;
    requests.set(key, request);
    if (elicitationId !== undefined) elicitationIds.set(key, elicitationId);
  });
  return {
    kind: 'input_required',
    result: inputRequiredResult(requests, undefined),
    legacy: { elicitationIds, onWithdrawn: () => undefined },
  };
}

/**
 * Whether a retry without a state says that the client would not open a URL of `askForUrls`: then calling again would
 * only ask again.
 */
export function declinesUrls(call: Call): boolean {
  if ((call.legacy?.refusals.size ?? 0) > 0) return true;
  const answers = call.message.at('params', 'inputResponses');
  return (answers?.keys() ?? []).some((key) => {
    const action = answers?.get(key)?.get('action')?.string();
    return key.startsWith('url-') && (action === 'decline' || action === 'cancel');
  });
}
