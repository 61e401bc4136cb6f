/** Requests as bytes, each header as it is written. */

/** The envelope of every modern request. */
export const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A modern `tools/call` as text; `args` is raw JSON. */
export function callBody(name: string, args = '{}', id = '1'): string {
  return `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":${JSON.stringify(name)},"arguments":${args},"_meta":${JSON.stringify(META)}}}`;
}

/** What a good client sends with a call. */
export function callHeaders(name: string): Record<string, string> {
  return { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': name };
}

/** A head, line by line. */
export function head(method: string, path: string, lines: readonly string[] = []): string {
  return [`${method} ${path} HTTP/1.1`, 'Host: localhost', ...lines, '', ''].join('\r\n');
}

/** What a request may do differently from a good one. */
export interface PostSketch {
  readonly path?: string;
  readonly body?: string | Buffer;
  /** In place of the usual ones; undefined takes one away. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Further lines of the head. */
  readonly lines?: readonly string[];
}

/** The bytes of a POST: a good call of `echo` where the sketch says nothing. */
export function post(sketch: PostSketch = {}): Buffer {
  const body = Buffer.from(sketch.body ?? callBody('echo'));
  const headers: Record<string, string | undefined> = {
    Host: 'localhost',
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    'Content-Length': String(body.length),
    ...callHeaders('echo'),
    ...sketch.headers,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  const text = [`POST ${sketch.path ?? '/mcp'} HTTP/1.1`, ...lines, ...(sketch.lines ?? []), '', ''].join(
    '\r\n',
  );
  return Buffer.concat([Buffer.from(text, 'latin1'), body]);
}
