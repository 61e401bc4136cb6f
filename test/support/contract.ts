/** What the revisions say of each message that Gateward sends, and of what may not cross from one era to the other. */
import { type Definitions, readDefinitions } from './schemas.ts';

type Json = Record<string, unknown>;

export type Revision = '2026-07-28' | '2025-11-25';

/** A message that Gateward sent. */
export interface Sent {
  readonly revision: Revision;
  readonly message: Json;
  /** The method of the request that it answers, where it answers one. */
  readonly answers?: string | undefined;
}

const schemas: Readonly<Record<Revision, Definitions>> = {
  '2026-07-28': readDefinitions('mcp-2026-07-28.json'),
  '2025-11-25': readDefinitions('mcp-2025-11-25.json'),
};

/** Method: the definition of its request, and that of its result. */
const COMMON: Readonly<Record<string, readonly [string, string]>> = {
  'tools/list': ['ListToolsRequest', 'ListToolsResult'],
  'tools/call': ['CallToolRequest', 'CallToolResult'],
  'prompts/list': ['ListPromptsRequest', 'ListPromptsResult'],
  'prompts/get': ['GetPromptRequest', 'GetPromptResult'],
  'resources/list': ['ListResourcesRequest', 'ListResourcesResult'],
  'resources/templates/list': ['ListResourceTemplatesRequest', 'ListResourceTemplatesResult'],
  'resources/read': ['ReadResourceRequest', 'ReadResourceResult'],
  'completion/complete': ['CompleteRequest', 'CompleteResult'],
};
const REQUESTS: Readonly<Record<Revision, Readonly<Record<string, readonly [string, string]>>>> = {
  '2026-07-28': {
    ...COMMON,
    'server/discover': ['DiscoverRequest', 'DiscoverResult'],
    'subscriptions/listen': ['SubscriptionsListenRequest', 'SubscriptionsListenResult'],
  },
  '2025-11-25': {
    ...COMMON,
    initialize: ['InitializeRequest', 'InitializeResult'],
    ping: ['PingRequest', 'EmptyResult'],
    'logging/setLevel': ['SetLevelRequest', 'EmptyResult'],
    'resources/subscribe': ['SubscribeRequest', 'EmptyResult'],
    'resources/unsubscribe': ['UnsubscribeRequest', 'EmptyResult'],
    'elicitation/create': ['ElicitRequest', 'ElicitResult'],
    'sampling/createMessage': ['CreateMessageRequest', 'CreateMessageResult'],
    'roots/list': ['ListRootsRequest', 'ListRootsResult'],
  },
};

const CHANGES: Readonly<Record<string, string>> = {
  'notifications/tools/list_changed': 'ToolListChangedNotification',
  'notifications/prompts/list_changed': 'PromptListChangedNotification',
  'notifications/resources/list_changed': 'ResourceListChangedNotification',
  'notifications/resources/updated': 'ResourceUpdatedNotification',
  'notifications/progress': 'ProgressNotification',
  'notifications/message': 'LoggingMessageNotification',
  'notifications/cancelled': 'CancelledNotification',
};
const NOTIFICATIONS: Readonly<Record<Revision, Readonly<Record<string, string>>>> = {
  '2026-07-28': {
    ...CHANGES,
    'notifications/subscriptions/acknowledged': 'SubscriptionsAcknowledgedNotification',
  },
  '2025-11-25': {
    ...CHANGES,
    'notifications/initialized': 'InitializedNotification',
    'notifications/roots/list_changed': 'RootsListChangedNotification',
    'notifications/elicitation/complete': 'ElicitationCompleteNotification',
  },
};

/** Errors of 2026-07-28 that have a shape of their own. */
const ERRORS: Readonly<Record<string, string>> = {
  '-32020': 'HeaderMismatchError',
  '-32021': 'MissingRequiredClientCapabilityError',
  '-32022': 'UnsupportedProtocolVersionError',
};

/** The definition that a message has to fit; undefined for one that its revision does not have. */
export function definitionOf({ revision, message, answers }: Sent): string | undefined {
  const method = message['method'];
  if (typeof method === 'string') {
    return 'id' in message ? REQUESTS[revision][method]?.[0] : NOTIFICATIONS[revision][method];
  }
  if ('error' in message) {
    const special = revision === '2026-07-28' ? ERRORS[String(Object(message['error']).code)] : undefined;
    return special ?? 'JSONRPCErrorResponse';
  }
  const asks = Object(message['result']).resultType === 'input_required';
  if (asks && revision === '2026-07-28') return 'InputRequiredResult';
  return answers === undefined ? undefined : REQUESTS[revision][answers]?.[1];
}

/** Everything that is wrong with a message. */
export function faultsOfSent(sent: Sent): string[] {
  const definition = definitionOf(sent);
  if (definition === undefined) return [`${sent.revision} has no such message`];
  const { message, revision } = sent;
  const schema = schemas[revision];
  const faults = schema.faultsOf(envelopeOf(message), message);
  if (definition === 'JSONRPCErrorResponse') return faults;
  // Definitions of results are of the result alone, all others of the whole message.
  const isResult = 'result' in message;
  faults.push(...schema.faultsOf(definition, isResult ? message['result'] : message));
  if (definition === 'EmptyResult') faults.push(...strangersIn(message['result']));
  if (revision === '2025-11-25') faults.push(...modernIn(isResult ? message['result'] : message['params']));
  return faults;
}

function envelopeOf(message: Json): string {
  if ('method' in message) return 'id' in message ? 'JSONRPCRequest' : 'JSONRPCNotification';
  return 'error' in message ? 'JSONRPCErrorResponse' : 'JSONRPCResultResponse';
}

/** SDKs refuse empty results that hold anything. */
function strangersIn(result: unknown): string[] {
  return Object.keys(Object(result))
    .filter((key) => key !== '_meta')
    .map((key) => `an empty result holds ${key}`);
}

const MODERN_MEMBERS = [
  'resultType',
  'ttlMs',
  'cacheScope',
  'inputRequests',
  'requestState',
  'inputResponses',
];
const MODERN_META = [
  'protocolVersion',
  'clientCapabilities',
  'clientInfo',
  'serverInfo',
  'logLevel',
  'subscriptionId',
];

/** What belongs to the modern era alone and stands in a legacy message. */
function modernIn(body: unknown): string[] {
  const { _meta, ...members } = Object(body);
  const inMeta = Object.keys(Object(_meta)).filter((key) =>
    MODERN_META.some((name) => key === `io.modelcontextprotocol/${name}`),
  );
  return [...Object.keys(members).filter((key) => MODERN_MEMBERS.includes(key)), ...inMeta].map(
    (key) => `a legacy message holds ${key}`,
  );
}
