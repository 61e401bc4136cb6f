import type { Call, CallMeta, TaskCall } from '../call.ts';
import type { Abortable } from '../lib/abort.ts';
import { JsonText } from '../lib/json-text.ts';
import { declareTasks } from '../wire/declare-tasks.ts';
import { META_KEYS } from '../wire/meta-keys.ts';

const NO_CAPABILITIES = JsonText.written('{}');

/** A call as the gateway makes it for a task: nobody hears of its progress. */
export interface MadeCall {
  readonly message: JsonText;
  readonly signal: Abortable;
  /** `Principal.key` of the task's owner. */
  readonly principal: string;
  readonly task?: TaskCall;
}

/** The `tools/call` of a task, declaring that its caller knows tasks. */
export function callOf({ message, signal, principal, task }: MadeCall): Call {
  const params = message.get('params');
  const call: Call = {
    message,
    id: message.get('id')?.text ?? '1',
    method: 'tools/call',
    name: params?.get('name')?.string(),
    meta: metaOf(params?.get('_meta')),
    signal,
    notify: dropNotification,
    legacy: undefined,
    principal,
  };
  return declareTasks(task === undefined ? call : { ...call, task });
}

/** The message of a task's call for later attempts: its progress is of no use to anybody. */
export function messageToKeep(message: JsonText): JsonText {
  const params = message.get('params');
  const meta = params?.get('_meta');
  if (params === undefined || meta?.get('progressToken') === undefined) return message;
  return message.with({ params: params.with({ _meta: meta.with({ progressToken: undefined }) }) });
}

/** The message of a call as it is sent first: without what answers an earlier round (2026-07-28 patterns/mrtr). */
export function withoutRetry(message: JsonText): JsonText {
  return withRetry(message, { requestState: undefined, inputResponses: undefined });
}

/** The message as a retry that brings answers. */
export function withRetry(
  message: JsonText,
  retry: { readonly requestState: JsonText | undefined; readonly inputResponses: JsonText | undefined },
): JsonText {
  const params = message.get('params');
  return params === undefined ? message : message.with({ params: params.with(retry) });
}

/** A request about a task of the upstream's own (tasks extension), by the same caller. */
export function upstreamTaskCall(
  method: 'tasks/get' | 'tasks/update' | 'tasks/cancel',
  { taskId, inputResponses }: { readonly taskId: string; readonly inputResponses?: JsonText },
  made: MadeCall,
): Call {
  const { id, meta, ...call } = callOf(made);
  const params = JsonText.of({ taskId }).with({
    inputResponses,
    _meta: call.message.at('params', '_meta'),
  });
  const message = JsonText.of({ jsonrpc: '2.0' }).with({
    id: JsonText.written(id),
    method: JsonText.of(method),
    params,
  });
  return { ...call, id, meta: { ...meta, progressToken: undefined }, method, name: taskId, message };
}

function metaOf(meta: JsonText | undefined): CallMeta {
  return {
    protocolVersion: meta?.get(META_KEYS.protocolVersion)?.string() ?? '2026-07-28',
    clientCapabilities: meta?.get(META_KEYS.clientCapabilities) ?? NO_CAPABILITIES,
    clientInfo: meta?.get(META_KEYS.clientInfo),
    logLevel: undefined,
    progressToken: undefined,
  };
}

function dropNotification(): undefined {
  return undefined;
}
