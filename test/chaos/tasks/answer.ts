import type { IncomingMessage, ServerResponse } from 'node:http';
import { TASKS_EXTENSION } from '../../fixtures/servers/modern/own-tasks.ts';
import { type Listening, listen, refuse } from '../../fixtures/servers/shared/listen.ts';
import { KINDS, type Kind } from './kinds.ts';

export type Json = Readonly<Record<string, unknown>>;

/** A request to one of the upstreams of the tasks, and how it is answered. */
export interface Asked {
  readonly method: string;
  readonly params: Json;
  readonly headers: IncomingMessage['headers'];
  /** Whether whoever asked is gone. */
  isGone(): boolean;
  /** Runs when the connection is closed before the answer. */
  onGone(run: () => void): void;
  /** `resultType` is added unless it is there. */
  result(result: Json): void;
  error(code: number, message: string, data?: Json): void;
}

const HINTS = { ttlMs: 60_000, cacheScope: 'public' };

/** A server of 2026-07-28, and what it does. */
export interface AskedServer {
  readonly server: Kind['server'];
  readonly capabilities?: Json;
  /** Answers what is not asked of every server. */
  serve(asked: Asked): Promise<void> | void;
}

/** Starts a server whose tools are those of its kinds of tasks. */
export function startAsked({ server, capabilities = {}, serve }: AskedServer): Promise<Listening> {
  const tools = kindsOf(server).map(({ tool }) => tool);
  return listen(async (request, response) => {
    if (request.method !== 'POST') {
      refuse(response, 405, 'POST only');
      return;
    }
    const asked = await readAsked(request, response);
    if (!answerBasics(asked, tools, capabilities)) await serve(asked);
  });
}

function kindsOf(server: Kind['server']): readonly Kind[] {
  return Object.values(KINDS).filter((kind) => kind.server === server);
}

/** The kind of tasks whose tool is called; undefined, and an error is answered, where there is none. */
export function kindCalled(server: Kind['server'], asked: Asked): Kind | undefined {
  const kind = kindsOf(server).find(({ tool }) => tool === asked.params['name']);
  if (kind === undefined) asked.error(-32_602, 'Unknown tool');
  return kind;
}

/** The error of a tool that only clients can call that know tasks (SEP-2663 §Capability Negotiation). */
export function refuseWithoutTasks(asked: Asked): void {
  const requiredCapabilities = { extensions: { [TASKS_EXTENSION]: {} } };
  asked.error(-32_021, 'Missing required client capability', { requiredCapabilities });
}

/** Reads one POST of a modern client. */
async function readAsked(request: IncomingMessage, response: ServerResponse): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  const send = (status: number, body: Json): void => {
    if (response.destroyed) return;
    const text = JSON.stringify({ jsonrpc: '2.0', id, ...body });
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  };
  return {
    method,
    params,
    headers: request.headers,
    isGone: () => response.destroyed,
    onGone: (run) =>
      void response.once('close', () => {
        if (!response.writableFinished) run();
      }),
    result: (result) => send(200, { result: { resultType: 'complete', ...result } }),
    error: (code, message, data) =>
      send(code === -32_601 ? 404 : code === -32_021 ? 400 : 200, {
        error: { code, message, ...(data !== undefined && { data }) },
      }),
  };
}

/** Answers what every server is asked. False for anything else. */
function answerBasics(asked: Asked, tools: readonly string[], capabilities: Json): boolean {
  if (asked.method === 'server/discover') {
    asked.result({
      ...HINTS,
      supportedVersions: ['2026-07-28'],
      capabilities: { tools: {}, ...capabilities },
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'chaos-tasks', version: '1.0.0' } },
    });
    return true;
  }
  if (asked.method !== 'tools/list') return false;
  const inputSchema = {
    type: 'object',
    properties: { token: { type: 'string' }, workMs: { type: 'number' } },
    required: ['token'],
  };
  asked.result({ ...HINTS, tools: tools.map((name) => ({ name, inputSchema })) });
  return true;
}

/** A question to the user by which it can be told which call asks what. */
export function elicit(message: string): Json {
  const requestedSchema = { type: 'object', properties: { seat: { type: 'string' } } };
  return { method: 'elicitation/create', params: { mode: 'form', message, requestedSchema } };
}

/** What the user chose. */
export function seatIn(response: unknown): string {
  const { action, content } = Object(response);
  return action === 'accept' ? String(Object(content).seat) : `refused ${String(action)}`;
}

/** What came as the arguments of a call. */
export function argumentsOf({ params }: Asked): { readonly token: string; readonly workMs: number } {
  const { token, workMs } = Object(params['arguments']);
  return { token: String(token), workMs: Number(workMs ?? 0) };
}
