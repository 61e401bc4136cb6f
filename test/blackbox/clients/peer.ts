import {
  Client as ClientV2,
  StreamableHTTPClientTransport as HttpV2,
  type Transport as TransportV2,
} from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport as TransportV1 } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CallToolResultSchema,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';

type Json = Record<string, unknown>;

/** A notification that reached the client. */
export interface Seen {
  readonly method: string;
  readonly params: Json;
}

/** How the user and the model behind the client answer what the server asks. */
export interface Answers {
  elicit(params: Json): {
    action: 'accept' | 'decline' | 'cancel';
    content?: Record<string, string | boolean>;
  };
  sample(params: Json): {
    role: 'assistant';
    model: string;
    content: { type: 'text'; text: string };
  };
}

/** What a tool gave back. */
export interface ToolResult {
  readonly text: string;
  readonly structured: unknown;
  readonly isError: boolean;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onprogress?: (progress: { progress: number; total?: number | undefined }) => void;
  readonly meta?: Json;
}

/** The methods that both SDKs have in the same form. */
export interface SdkClient {
  listTools(): Promise<{ tools: { name: string }[] }>;
  listPrompts(): Promise<{ prompts: { name: string }[] }>;
  getPrompt(params: { name: string; arguments?: Record<string, string> }): Promise<{ messages: unknown[] }>;
  listResources(): Promise<{ resources: { uri: string }[] }>;
  listResourceTemplates(): Promise<{ resourceTemplates: { uriTemplate: string }[] }>;
  readResource(params: { uri: string }): Promise<{ contents: unknown[] }>;
  complete(params: {
    ref: { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string };
    argument: { name: string; value: string };
  }): Promise<{ completion: { values: string[] } }>;
  setLoggingLevel(level: 'info' | 'error'): Promise<unknown>;
  subscribeResource(params: { uri: string }): Promise<unknown>;
  unsubscribeResource(params: { uri: string }): Promise<unknown>;
  getServerCapabilities(): Json | undefined;
  getInstructions(): string | undefined;
  close(): Promise<void>;
}

/** An official client, whichever, as the tests use it. */
export interface Peer {
  readonly sdk: SdkClient;
  /** The revision that was agreed on. */
  readonly revision: string | undefined;
  /** Notifications that the client's handlers got so far; those of progress go to the call. */
  readonly seen: Seen[];
  /** Notifications as they came in, those of progress included. */
  readonly arrived: Seen[];
  /** Reverse requests so far: the methods. */
  readonly asked: string[];
  /** A test may change how questions are answered. */
  answers: Answers;
  call(name: string, args?: Json, options?: CallOptions): Promise<ToolResult>;
}

export const ROOTS = [{ uri: 'file:///work/project', name: 'Project' }];

/** Accepts every form with `Ada` in its first field, and samples `Hello`. */
function willingAnswers(): Answers {
  return {
    elicit(params) {
      const schema = params['requestedSchema'];
      const properties = typeof schema === 'object' && schema !== null && 'properties' in schema;
      const [field] = Object.keys(properties ? (schema.properties ?? {}) : {});
      return { action: 'accept', ...(field !== undefined && { content: { [field]: 'Ada' } }) };
    },
    sample: () => ({ role: 'assistant', model: 'test', content: { type: 'text', text: 'Hello' } }),
  };
}

const INFO = { name: 'black-box-test', version: '1.0.0' };
const CAPABILITIES = {
  elicitation: { form: {}, url: {} },
  sampling: { tools: {} },
  roots: { listChanged: true },
};

/** Connects the client of the official SDK v1. */
export async function openV1(transport: TransportV1): Promise<Peer> {
  const client = new ClientV1(INFO, { capabilities: CAPABILITIES });
  const peer: Peer = {
    sdk: client,
    // The SDK hands the agreed revision to its transport only.
    revision: undefined,
    seen: [],
    arrived: [],
    asked: [],
    answers: willingAnswers(),
    async call(name, args = {}, { meta, ...options } = {}) {
      const params = { name, arguments: args, ...(meta !== undefined && { _meta: meta }) };
      return toResult(await client.callTool(params, CallToolResultSchema, options));
    },
  };
  client.setRequestHandler(ElicitRequestSchema, ({ method, params }) => {
    peer.asked.push(method);
    return peer.answers.elicit(params);
  });
  client.setRequestHandler(CreateMessageRequestSchema, ({ method, params }) => {
    peer.asked.push(method);
    return peer.answers.sample(params);
  });
  client.setRequestHandler(ListRootsRequestSchema, ({ method }) => {
    peer.asked.push(method);
    return { roots: ROOTS };
  });
  client.fallbackNotificationHandler = async ({ method, params = {} }) => {
    peer.seen.push({ method, params });
  };
  await client.connect(transport);
  recordArrivals(transport, peer);
  return peer;
}

/** How the SDK v2 client finds its era: the legacy one only, or the newest that the server has. */
export type Negotiation = 'legacy' | 'auto';

/** Connects the client of the official SDK v2, which has both eras. */
export async function openV2(
  transport: TransportV2,
  mode: Negotiation,
): Promise<Peer & { client: ClientV2 }> {
  const client = new ClientV2(INFO, { capabilities: CAPABILITIES, versionNegotiation: { mode } });
  const peer: Peer & { client: ClientV2 } = {
    client,
    sdk: client,
    get revision() {
      return client.getNegotiatedProtocolVersion();
    },
    seen: [],
    arrived: [],
    asked: [],
    answers: willingAnswers(),
    async call(name, args = {}, { meta, ...options } = {}) {
      const params = { name, arguments: args, ...(meta !== undefined && { _meta: meta }) };
      return toResult(await client.callTool(params, options));
    },
  };
  client.setRequestHandler('elicitation/create', ({ method, params }) => {
    peer.asked.push(method);
    return peer.answers.elicit(params);
  });
  client.setRequestHandler('sampling/createMessage', ({ method, params }) => {
    peer.asked.push(method);
    return peer.answers.sample(params);
  });
  client.setRequestHandler('roots/list', ({ method }) => {
    peer.asked.push(method);
    return { roots: ROOTS };
  });
  client.fallbackNotificationHandler = async ({ method, params = {} }) => {
    peer.seen.push({ method, params });
  };
  await client.connect(transport);
  recordArrivals(transport, peer);
  return peer;
}

/** Listens in on a connected transport. */
function recordArrivals(transport: TransportV1 | TransportV2, { arrived }: Peer): void {
  const { onmessage } = transport;
  transport.onmessage = (message: object, ...more: unknown[]) => {
    if ('method' in message && !('id' in message)) {
      arrived.push({
        method: String(message.method),
        params: 'params' in message ? Object(message.params) : {},
      });
    }
    Reflect.apply(onmessage ?? (() => undefined), transport, [message, ...more]);
  };
}

/** The transports over Streamable HTTP, as what the clients take: the SDKs' own types differ a little. */
export function httpV1(url: string): TransportV1 & { terminateSession(): Promise<void> } {
  return new HttpV1(new URL(url)) as TransportV1 & { terminateSession(): Promise<void> };
}

export function httpV2(url: string): TransportV2 {
  return new HttpV2(new URL(url));
}

function toResult(result: Json): ToolResult {
  const blocks: unknown = result['content'];
  const texts = Array.isArray(blocks) ? blocks.map((block: { text?: string }) => block.text ?? '') : [];
  return {
    text: texts.join('\n'),
    structured: result['structuredContent'],
    isError: result['isError'] === true,
  };
}
