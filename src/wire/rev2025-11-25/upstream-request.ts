import { JsonText } from '../../lib/json-text.ts';
import { META_KEYS, TASKS_EXTENSION } from '../meta-keys.ts';
import { methodRuleOf } from '../rev2026-07-28/registry.ts';

/** The revisions that open with `initialize`, newest first. */
export const LEGACY_VERSIONS: readonly string[] = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];

/** What the legacy era knows and the modern one does not: never passed on for a modern call. */
const LEGACY_ONLY = new Set([
  'initialize',
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
  'tasks/list',
  'tasks/get',
  'tasks/update',
  'tasks/result',
  'tasks/cancel',
]);

/** 2024-11-05 has `completion/complete` without a capability for it. */
const BEFORE_COMPLETIONS = '2024-11-05';

/** Whether a legacy server of this version and these capabilities may be sent the method of a modern call. */
export function offersMethod(
  server: { readonly version: string; readonly capabilities: JsonText },
  method: string,
): boolean {
  if (LEGACY_ONLY.has(method)) return false;
  const needed = methodRuleOf(method)?.capability;
  if (needed === undefined) return true;
  if (needed === 'completions' && server.version === BEFORE_COMPLETIONS) return true;
  return server.capabilities.get(needed) !== undefined;
}

/**
 * The params of a modern request as a legacy server takes them: without the envelope of `_meta`, without what belongs
 * to a retry, and without the `task` that only tasks of the legacy era know.
 */
export function legacyParams(message: JsonText): JsonText | undefined {
  const params = message.get('params');
  if (params?.kind !== 'object') return undefined;
  const changes: Record<string, JsonText | undefined> = {};
  for (const key of ['inputResponses', 'requestState', 'task']) if (params.get(key)) changes[key] = undefined;
  const meta = params.get('_meta');
  if (meta?.kind === 'object') changes['_meta'] = withoutEnvelope(meta);
  return params.with(changes);
}

function withoutEnvelope(meta: JsonText): JsonText | undefined {
  const changes: Record<string, undefined> = {};
  for (const key of meta.keys()) if (ENVELOPE.has(key)) changes[key] = undefined;
  const left = meta.with(changes);
  return left.keys().length === 0 ? undefined : left;
}

const ENVELOPE = new Set<string>([
  META_KEYS.protocolVersion,
  META_KEYS.clientCapabilities,
  META_KEYS.clientInfo,
  META_KEYS.logLevel,
  'progressToken',
]);

/** Params with a progress token of the sender's own. */
export function withProgressToken(params: JsonText | undefined, token: JsonText): JsonText {
  const base = params ?? JsonText.written('{}');
  const meta = base.get('_meta');
  const kept = meta?.kind === 'object' ? meta : JsonText.written('{}');
  return base.with({ _meta: kept.with({ progressToken: token }) });
}

/** Capabilities by which a server may ask back. */
const ASKING = ['elicitation', 'sampling', 'roots'] as const;

/** Whether a server that hears of these capabilities may send requests of its own. */
export function mayBeAsked(capabilities: JsonText): boolean {
  return ASKING.some((name) => capabilities.get(name) !== undefined);
}

/**
 * The capabilities of a modern call as `initialize` declares them: what can be bridged. Tasks stay out, in their
 * legacy and their extension form; `roots.listChanged` stays only where somebody will tell of changes.
 */
export function legacyCapabilities(declared: JsonText, keepListChanged: boolean): JsonText {
  if (declared.kind !== 'object') return JsonText.written('{}');
  const changes: Record<string, JsonText | undefined> = {};
  if (declared.get('tasks') !== undefined) changes['tasks'] = undefined;
  const roots = declared.get('roots');
  if (!keepListChanged && roots?.get('listChanged') !== undefined)
    changes['roots'] = roots.with({ listChanged: undefined });
  const extensions = declared.get('extensions');
  if (extensions?.get(TASKS_EXTENSION) !== undefined)
    changes['extensions'] = extensions.with({ [TASKS_EXTENSION]: undefined });
  return Object.keys(changes).length === 0 ? declared : declared.with(changes);
}

/** The params of `initialize`. */
export function initializeParams(options: {
  readonly version: string;
  readonly capabilities: JsonText;
  readonly clientInfo: JsonText;
}): JsonText {
  const { version, capabilities, clientInfo } = options;
  return JsonText.of({ protocolVersion: version }).with({ capabilities, clientInfo });
}
