import { JsonText } from '../../lib/json-text.ts';
import { META_KEYS, TASKS_EXTENSION } from '../meta-keys.ts';
import { MODERN_VERSIONS } from '../versions.ts';

/** What `initialize` agreed on, and what the server said of itself. */
export interface LegacyServer {
  readonly version: string;
  readonly capabilities: JsonText;
  readonly serverInfo: JsonText | undefined;
  readonly instructions: JsonText | undefined;
}

/** How long a result may be kept. The legacy era has no such hints, so the gateway gives them. */
export interface CacheHints {
  readonly ttlMs: number;
}

const EMPTY = JsonText.written('{}');
const COMPLETE = JsonText.written('"complete"');
const PRIVATE = JsonText.written('"private"');
/** The modern revisions that the gateway itself speaks; each hop negotiates alone. */
const SUPPORTED = JsonText.of(MODERN_VERSIONS);

/**
 * A legacy result as a modern one: complete (a foreign `resultType` means nothing here), from this server, with hints
 * where the modern schema asks for them. Every other byte stays.
 */
export function completeResult(
  result: JsonText,
  server: LegacyServer,
  hints: CacheHints | undefined,
): JsonText {
  return result.with({
    resultType: COMPLETE,
    ...(hints === undefined ? {} : { ttlMs: JsonText.of(hints.ttlMs), cacheScope: PRIVATE }),
    ...metaWithServer(result.get('_meta'), server),
  });
}

function metaWithServer(meta: JsonText | undefined, { serverInfo }: LegacyServer): Record<string, JsonText> {
  if (serverInfo === undefined) return {};
  if (meta === undefined) return { _meta: EMPTY.with({ [META_KEYS.serverInfo]: serverInfo }) };
  if (meta.kind !== 'object' || meta.get(META_KEYS.serverInfo) !== undefined) return {};
  return { _meta: meta.with({ [META_KEYS.serverInfo]: serverInfo }) };
}

/** The DiscoverResult of a legacy server. */
export function discoverResult(server: LegacyServer, hints: CacheHints): JsonText {
  const { instructions } = server;
  const head = EMPTY.with({
    supportedVersions: SUPPORTED,
    capabilities: modernCapabilities(server),
    ...(instructions === undefined ? {} : { instructions }),
  });
  return completeResult(head, server, hints);
}

/**
 * Server capabilities without tasks, whose extension means nothing under legacy revisions (SEP-2663), and with the
 * completions that 2024-11-05 does not declare.
 */
function modernCapabilities({ version, capabilities }: LegacyServer): JsonText {
  const changes: Record<string, JsonText | undefined> = {};
  if (capabilities.get('tasks') !== undefined) changes['tasks'] = undefined;
  const extensions = capabilities.get('extensions');
  if (extensions?.get(TASKS_EXTENSION) !== undefined)
    changes['extensions'] = extensions.with({ [TASKS_EXTENSION]: undefined });
  const completes = capabilities.get('prompts') !== undefined || capabilities.get('resources') !== undefined;
  if (version === '2024-11-05' && completes && capabilities.get('completions') === undefined)
    changes['completions'] = EMPTY;
  return Object.keys(changes).length === 0 ? capabilities : capabilities.with(changes);
}

const METHOD_NOT_FOUND = -32601;
const RESOURCE_NOT_FOUND = -32002;
const URL_ELICITATION_REQUIRED = -32042;
const INVALID_PARAMS = JsonText.written('-32602');
const INTERNAL = JsonText.written('-32603');
/** Codes to which the modern era gave a meaning that no legacy server can mean, and one that it took away. */
const WITHOUT_MEANING = new Set<unknown>([-32020, -32021, -32022, URL_ELICITATION_REQUIRED]);

/** The code of a JSON-RPC error. */
export function errorCode(error: JsonText): unknown {
  return error.get('code')?.value();
}

/** Whether a server says that it does not know the method. */
export function isMethodNotFound(error: JsonText): boolean {
  return errorCode(error) === METHOD_NOT_FOUND;
}

/**
 * A legacy error as a modern one: an unknown resource is -32602 (2026-07-28 resources §Error Handling, `data` kept),
 * codes that would be misread become -32603, and all others stay.
 */
export function modernError(error: JsonText): JsonText {
  const code = errorCode(error);
  if (code === RESOURCE_NOT_FOUND) return error.with({ code: INVALID_PARAMS });
  return WITHOUT_MEANING.has(code) ? error.with({ code: INTERNAL }) : error;
}

/** One thing that a legacy server asks of the client, as the modern era writes it. */
export interface InputRequest {
  /** `method` and `params`, without a JSON-RPC id. */
  readonly request: JsonText;
  /** Only legacy clients are told of it. */
  readonly elicitationId: string | undefined;
}

/** A reverse request as an input request: progress tokens, tasks and `elicitationId` have no place there. */
export function inputRequest(method: string, params: JsonText | undefined): InputRequest {
  const head = JsonText.of({ method });
  if (params === undefined) return { request: head, elicitationId: undefined };
  const changes: Record<string, JsonText | undefined> = { task: undefined };
  const meta = params.get('_meta');
  if (meta?.get('progressToken') !== undefined) {
    const left = meta.with({ progressToken: undefined });
    changes['_meta'] = left.keys().length === 0 ? undefined : left;
  }
  const elicits = method === 'elicitation/create';
  if (elicits) changes['elicitationId'] = undefined;
  return {
    request: head.with({ params: params.with(changes) }),
    elicitationId: elicits ? params.get('elicitationId')?.string() : undefined,
  };
}

/**
 * What error -32042 of 2025-11-25 asks for: one url elicitation for each entry of `data.elicitations`. Undefined for
 * every other error, and for one that names nothing.
 */
export function urlInputRequests(error: JsonText): readonly InputRequest[] | undefined {
  if (errorCode(error) !== URL_ELICITATION_REQUIRED) return undefined;
  const entries = error.at('data', 'elicitations')?.items() ?? [];
  const asked = entries.filter((entry) => entry.get('url')?.string() !== undefined);
  if (asked.length === 0) return undefined;
  return asked.map((entry) => inputRequest('elicitation/create', entry.with({ mode: JsonText.of('url') })));
}

/** An InputRequiredResult (2026-07-28 patterns/mrtr). */
export function inputRequiredResult(
  requests: ReadonlyMap<string, JsonText>,
  requestState: string | undefined,
): JsonText {
  return JsonText.written('{"resultType":"input_required"}').with({
    inputRequests: EMPTY.with(Object.fromEntries(requests)),
    ...(requestState === undefined ? {} : { requestState: JsonText.of(requestState) }),
  });
}
