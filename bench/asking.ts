import { Agent, type IncomingMessage, request } from 'node:http';

type Json = Record<string, unknown>;

/** Where the two halves of an interactive call go: the call itself, and what brings the answer. */
export interface Way {
  readonly callPort: number;
  readonly answerPort: number;
  readonly path: string;
}

const agent = new Agent({ keepAlive: true });
const CONTENT = { seat: 'window' };
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
};

/** Makes one interactive call as a modern client; gives the milliseconds that it took. */
export async function askModern({ callPort, answerPort, path }: Way): Promise<number> {
  const startedMs = performance.now();
  const params = { name: 'ask', arguments: {}, _meta: META };
  const first = await postModern(callPort, path, { params });
  const { inputRequests, requestState } = Object(first['result']);
  const [key] = Object.keys(Object(inputRequests));
  if (key === undefined) throw new TypeError(`nothing was asked: ${JSON.stringify(first)}`);
  const inputResponses = { [key]: { action: 'accept', content: CONTENT } };
  const last = await postModern(answerPort, path, { params: { ...params, inputResponses, requestState } });
  checkAnswer(last);
  return performance.now() - startedMs;
}

/** Makes one modern call of the tool `echo`. */
export async function callModern(port: number, path: string, key: string): Promise<void> {
  const params = { name: 'echo', arguments: { text: 'window' }, _meta: META };
  const response = await postModern(port, path, { params, key });
  if (response['result'] === undefined) throw new TypeError(`no result: ${JSON.stringify(response)}`);
}

/** Makes one legacy call of the tool `echo`. */
export async function callLegacy(
  port: number,
  path: string,
  { session, key }: { readonly session: string; readonly key: string },
): Promise<void> {
  const headers = { ...legacyHeaders(session), ...bearer(key) };
  const params = { name: 'echo', arguments: { text: 'window' } };
  const response = await post(port, path, {
    message: { id: ++lastId, method: 'tools/call', params },
    headers,
  });
  for await (const message of messagesOf(response))
    if (message['result'] === undefined) throw new TypeError(`no result: ${JSON.stringify(message)}`);
}

/** Opens a legacy session; gives its id. */
export async function openLegacy(port: number, path: string, key?: string): Promise<string> {
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: { elicitation: {} },
    clientInfo: { name: 'bench', version: '1.0.0' },
  };
  const initialize = { id: 0, method: 'initialize', params };
  const opened = await post(port, path, { message: initialize, headers: bearer(key) });
  opened.resume();
  const session = String(opened.headers['mcp-session-id']);
  const headers = { ...legacyHeaders(session), ...bearer(key) };
  const told = await post(port, path, { message: { method: 'notifications/initialized' }, headers });
  told.resume();
  return session;
}

let lastId = 0;

/**
 * Makes one interactive call as a legacy client; gives the milliseconds to its response. Reads on to the end of the
 * stream, as the SDKs do, so that its connection serves the next call.
 */
export async function askLegacy({ callPort, answerPort, path }: Way, session: string): Promise<number> {
  const startedMs = performance.now();
  let tookMs: number | undefined;
  const headers = legacyHeaders(session);
  const id = ++lastId;
  const call = { id, method: 'tools/call', params: { name: 'ask', arguments: {} } };
  const response = await post(callPort, path, { message: call, headers });
  for await (const message of messagesOf(response)) {
    if (message['method'] === 'elicitation/create') {
      const result = { action: 'accept', content: CONTENT };
      const taken = await post(answerPort, path, { message: { id: message['id'], result }, headers });
      taken.resume();
    } else if (message['id'] === id) {
      checkAnswer(message);
      tookMs = performance.now() - startedMs;
    }
  }
  if (tookMs === undefined) throw new TypeError('the stream ended without a response');
  return tookMs;
}

function checkAnswer(message: Json): void {
  if (!JSON.stringify(message['result'] ?? '').includes('window'))
    throw new TypeError(`a wrong answer: ${JSON.stringify(message)}`);
}

async function postModern(
  port: number,
  path: string,
  { params, key }: { readonly params: Json; readonly key?: string },
): Promise<Json> {
  const headers = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': String(params['name']),
    ...bearer(key),
  };
  const response = await post(port, path, {
    message: { id: ++lastId, method: 'tools/call', params },
    headers,
  });
  for await (const message of messagesOf(response)) if ('id' in message) return message;
  throw new TypeError('no response came');
}

function legacyHeaders(session: string): Record<string, string> {
  return { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' };
}

function bearer(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { authorization: `Bearer ${key}` };
}

interface Sent {
  readonly message: Json;
  readonly headers: Readonly<Record<string, string>>;
}

function post(port: number, path: string, { message, headers }: Sent): Promise<IncomingMessage> {
  const body = JSON.stringify({ jsonrpc: '2.0', ...message });
  return new Promise((resolve, reject) => {
    const sent = request({
      agent,
      host: '127.0.0.1',
      port,
      path,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'content-length': Buffer.byteLength(body),
        ...headers,
      },
    });
    sent.once('response', resolve).once('error', reject);
    sent.end(body);
  });
}

/** The messages of an answer, whether it is JSON or a stream. */
async function* messagesOf(response: IncomingMessage): AsyncGenerator<Json> {
  const isStream = response.headers['content-type']?.startsWith('text/event-stream') === true;
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk;
    if (!isStream) continue;
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const data = /^data: ?(\S.*)$/m.exec(event)?.[1];
      if (data !== undefined) yield JSON.parse(data);
    }
  }
  if (!isStream && text !== '') yield JSON.parse(text);
}
