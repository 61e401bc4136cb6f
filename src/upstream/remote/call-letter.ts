import type { AuthorizationContext, Call, CallMeta, LegacySession } from '../../call.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { RemoteCall } from './replicas.ts';

/** A call as it travels: without what only its own replica can do. */
export interface CallLetter {
  readonly upstream: string;
  readonly context: AuthorizationContext;
  /** Whether to wait for the word of the replica that asks. */
  readonly once: boolean;
  /** Given for a call of a task: tell by which states others can go on with it (Call.task). */
  readonly task: { readonly again: boolean } | undefined;
  readonly call: Pick<Call, 'message' | 'id' | 'method' | 'name' | 'meta' | 'principal'>;
  /** Of a legacy client only. */
  readonly legacy: LegacyFacts | undefined;
}

/** What travels of a call of a legacy client. */
export interface LegacyFacts {
  /** As `RemoteSessions.describe` gives it. */
  readonly session: JsonText;
  readonly refusals: ReadonlyMap<string, JsonText>;
  readonly again: boolean;
  /** Whether to tell what the upstream does with the stream. */
  readonly stream: boolean;
}

/** Writes a call; members that came from outside keep their bytes. */
export function writeCall(
  { upstream, call, context, once }: RemoteCall,
  describe: (session: LegacySession) => JsonText,
): JsonText {
  const { id, method, name, principal, message, meta, legacy } = call;
  const task = call.task && { again: call.task.again === true };
  return JsonText.of({ upstream, context, once, task, id, method, name, principal }).with({
    message,
    meta: writeMeta(meta),
    legacy:
      legacy === undefined
        ? undefined
        : JsonText.of({ again: legacy.again === true, stream: legacy.stream !== undefined }).with({
            session: describe(legacy.session),
            refusals: JsonText.written('{}').with(Object.fromEntries(legacy.refusals)),
          }),
  });
}

/** Reads a call; undefined for one that this version cannot read. */
export function readCall(json: JsonText): CallLetter | undefined {
  const upstream = json.get('upstream')?.string();
  const context = json.get('context')?.string();
  const id = json.get('id')?.string();
  const method = json.get('method')?.string();
  const message = json.get('message');
  const meta = readMeta(json.get('meta'));
  if (upstream === undefined || context === undefined || id === undefined) return undefined;
  if (method === undefined || message === undefined || meta === undefined) return undefined;
  const legacy = json.get('legacy');
  const principal = json.get('principal')?.string();
  const known = principal === undefined ? {} : { principal };
  return {
    upstream,
    context,
    once: json.get('once')?.value() === true,
    task: readTask(json.get('task')),
    call: { message, id, method, name: json.get('name')?.string(), meta, ...known },
    legacy: legacy === undefined ? undefined : readLegacy(legacy),
  };
}

function writeMeta({ clientCapabilities, clientInfo, progressToken, ...texts }: CallMeta): JsonText {
  return JsonText.of(texts).with({ clientCapabilities, clientInfo, progressToken });
}

function readMeta(json: JsonText | undefined): CallMeta | undefined {
  const protocolVersion = json?.get('protocolVersion')?.string();
  const clientCapabilities = json?.get('clientCapabilities');
  if (protocolVersion === undefined || clientCapabilities === undefined) return undefined;
  return {
    protocolVersion,
    clientCapabilities,
    clientInfo: json?.get('clientInfo'),
    logLevel: json?.get('logLevel')?.string(),
    progressToken: json?.get('progressToken'),
  };
}

function readLegacy(json: JsonText): LegacyFacts {
  const refusals = new Map<string, JsonText>();
  const written = json.get('refusals');
  for (const key of written?.keys() ?? []) {
    const error = written?.get(key);
    if (error !== undefined) refusals.set(key, error);
  }
  return {
    session: json.get('session') ?? JsonText.written('null'),
    refusals,
    again: json.get('again')?.value() === true,
    stream: json.get('stream')?.value() === true,
  };
}

function readTask(json: JsonText | undefined): CallLetter['task'] {
  return json && { again: json.get('again')?.value() === true };
}
