/**
 * The requests of the benchmark, as raw HTTP/1.1. Every load generator sends exactly these bytes to every target, so
 * that two targets never differ by what they were asked.
 */

/** Modern revision of MCP that the benchmark speaks. */
export const modernVersion = '2026-07-28';
/** Legacy revision of MCP that the benchmark speaks. */
export const legacyVersion = '2025-11-25';

/** A raw request cut in two around its JSON-RPC id, which is always ten digits wide. */
export interface Template {
  readonly before: string;
  readonly after: string;
}

/** First id that a generator puts into a template; ten digits, so that `Content-Length` holds for all that follow. */
export const firstId = 1_000_000_000;

const marker = '1111111111';
const meta = 'io.modelcontextprotocol/';
const text = 'The quick brown fox jumps over it.';

/** What a caller sends besides the body. `path` starts with a slash. */
export interface Target {
  readonly path: string;
  readonly port: number;
}

/** Builds one raw HTTP/1.1 request; the header order is that of common clients. */
export function buildRequest(
  target: Target,
  method: string,
  parts: { headers: Record<string, string>; body?: string },
): string {
  const lines = [`${method} ${target.path} HTTP/1.1`, `Host: 127.0.0.1:${target.port}`];
  for (const [name, value] of Object.entries(parts.headers)) lines.push(`${name}: ${value}`);
  if (parts.body !== undefined) lines.push(`Content-Length: ${Buffer.byteLength(parts.body)}`);
  return `${lines.join('\r\n')}\r\n\r\n${parts.body ?? ''}`;
}

function buildTemplate(target: Target, headers: Record<string, string>, message: object): Template {
  const raw = buildRequest(target, 'POST', {
    headers,
    body: JSON.stringify({ jsonrpc: '2.0', id: Number(marker), ...message }),
  });
  const at = raw.indexOf(marker);
  return { before: raw.slice(0, at), after: raw.slice(at + marker.length) };
}

const both = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };

function modernHeaders(method: string, name?: string): Record<string, string> {
  const named = name === undefined ? {} : { 'Mcp-Name': name };
  return { ...both, 'MCP-Protocol-Version': modernVersion, 'Mcp-Method': method, ...named };
}

function modernMeta(more: object = {}): object {
  return {
    [`${meta}protocolVersion`]: modernVersion,
    [`${meta}clientInfo`]: { name: 'bench', version: '1.0.0' },
    [`${meta}clientCapabilities`]: {},
    ...more,
  };
}

/** A modern `tools/call` with a body of about 320 bytes. */
export function modernCall(target: Target, tool = 'echo'): Template {
  const params = { name: tool, arguments: { text, count: 3 }, _meta: modernMeta() };
  return buildTemplate(target, modernHeaders('tools/call', tool), { method: 'tools/call', params });
}

const knowsTasks = {
  [`${meta}clientCapabilities`]: { extensions: { [`${meta}tasks`]: {} } },
};

/** The same call from a client that declares the tasks extension. */
export function modernTaskCall(target: Target, tool = 'echo'): Template {
  const params = { name: tool, arguments: { text, count: 3 }, _meta: modernMeta(knowsTasks) };
  return buildTemplate(target, modernHeaders('tools/call', tool), { method: 'tools/call', params });
}

/** A `tasks/get` of one task. */
export function modernTaskGet(target: Target, taskId: string): Template {
  return buildTemplate(target, modernHeaders('tasks/get', taskId), {
    method: 'tasks/get',
    params: { taskId, _meta: modernMeta(knowsTasks) },
  });
}

/** A modern `tools/call` whose answer is a stream: three progress notifications, then the response. */
export function modernStreamCall(target: Target): Template {
  const params = { name: 'stream', arguments: { text }, _meta: modernMeta({ progressToken: 'p1' }) };
  return buildTemplate(target, modernHeaders('tools/call', 'stream'), { method: 'tools/call', params });
}

/** A modern `tools/list` of the first page. */
export function modernList(target: Target): Template {
  return buildTemplate(target, modernHeaders('tools/list'), {
    method: 'tools/list',
    params: { _meta: modernMeta() },
  });
}

/** A modern `subscriptions/listen` for tool list changes. */
export function modernListen(target: Target): Template {
  const params = { notifications: { toolsListChanged: true }, _meta: modernMeta() };
  return buildTemplate(target, modernHeaders('subscriptions/listen'), {
    method: 'subscriptions/listen',
    params,
  });
}

/** The legacy `initialize`, which opens a session. */
export function legacyInitialize(target: Target): Template {
  const params = {
    protocolVersion: legacyVersion,
    capabilities: {},
    clientInfo: { name: 'bench', version: '1.0.0' },
  };
  return buildTemplate(target, both, { method: 'initialize', params });
}

function sessionHeaders(session: string): Record<string, string> {
  return { ...both, 'Mcp-Session-Id': session, 'MCP-Protocol-Version': legacyVersion };
}

/** The legacy `notifications/initialized` of `session`, as a whole raw request. */
export function legacyInitialized(target: Target, session: string): string {
  const body = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' });
  return buildRequest(target, 'POST', { headers: sessionHeaders(session), body });
}

/** The GET that opens the standalone stream of `session`, as a whole raw request. */
export function legacyGet(target: Target, session: string): string {
  const headers = {
    Accept: 'text/event-stream',
    'Mcp-Session-Id': session,
    'MCP-Protocol-Version': legacyVersion,
  };
  return buildRequest(target, 'GET', { headers });
}

/** A legacy `tools/call` within `session`, with a body of about 320 bytes. */
export function legacyCall(target: Target, session: string): Template {
  const params = { name: 'echo', arguments: { text: text.repeat(5), count: 3 } };
  return buildTemplate(target, sessionHeaders(session), { method: 'tools/call', params });
}
