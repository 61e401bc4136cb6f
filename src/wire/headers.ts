/** Request headers in lower case, as node:http gives them and `Inbound` carries them. */
export type HeaderValues = Readonly<Record<string, string | readonly string[] | undefined>>;

const PREFIX = '=?base64?';
const SUFFIX = '?=';

/**
 * The header value that carries a text in `Mcp-Name` or `Mcp-Param-*` (Streamable HTTP 2026-07-28 §Value Encoding):
 * the text itself where a header can hold it, otherwise its UTF-8 in base64 between markers. An empty text is encoded
 * too. UTF-8 has no lone surrogates, so a text with one comes back with U+FFFD in its place.
 */
export function encodeHeaderValue(text: string): string {
  if (text.length > 0 && isPlain(text) && !looksEncoded(text)) return text;
  return `${PREFIX}${Buffer.from(text, 'utf8').toString('base64')}${SUFFIX}`;
}

/**
 * The text that a header value carries; undefined if the value is malformed: a byte that no header may hold, base64
 * that is not canonical (RFC 4648 §3.5), or bytes that are not UTF-8.
 */
export function decodeHeaderValue(value: string): string | undefined {
  if (!isFieldValue(value)) return undefined;
  if (!looksEncoded(value)) return value;
  const inner = value.slice(PREFIX.length, -SUFFIX.length);
  const bytes = Buffer.from(inner, 'base64');
  // Node's decoder skips what it does not know and takes any tail: only the canonical form survives the round trip.
  if (value.length < PREFIX.length + SUFFIX.length || bytes.toString('base64') !== inner) return undefined;
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : undefined;
}

/** The one value of a header; undefined where it is absent or was sent more than once. */
export function headerOf(headers: HeaderValues, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** What the body of a modern request says, for the comparison with its headers. */
export interface MirroredBody {
  readonly protocolVersion: string;
  readonly method: string;
  /** `params.name`, `params.uri` or `params.taskId`, by method; undefined where the body has none. */
  readonly name: string | undefined;
  /** What the revision says of `Mcp-Name` for this method. */
  readonly nameHeader: 'required' | 'optional' | 'none';
}

/**
 * Compares `MCP-Protocol-Version`, `Mcp-Method` and `Mcp-Name` with the body (Streamable HTTP 2026-07-28 §Server
 * Validation). Gives undefined when they agree, otherwise a public sentence for HEADER_MISMATCH.
 */
export function findHeaderMismatch(body: MirroredBody, headers: HeaderValues): string | undefined {
  const version = headerOf(headers, 'mcp-protocol-version');
  if (version === undefined) return 'MCP-Protocol-Version is missing.';
  if (version !== body.protocolVersion) return 'MCP-Protocol-Version differs from _meta.';
  const method = headerOf(headers, 'mcp-method');
  if (method === undefined) return 'Mcp-Method is missing.';
  if (method !== body.method) return 'Mcp-Method differs from the method of the body.';
  return body.nameHeader === 'none' ? undefined : findNameMismatch(body, headerOf(headers, 'mcp-name'));
}

function findNameMismatch(body: MirroredBody, header: string | undefined): string | undefined {
  if (header === undefined) {
    return body.nameHeader === 'required' && body.name !== undefined ? 'Mcp-Name is missing.' : undefined;
  }
  // Plain names are the rule, and equal texts need no decoding unless they look encoded.
  if (header === body.name && !looksEncoded(header)) return undefined;
  const name = decodeHeaderValue(header);
  if (name === undefined) return 'Mcp-Name is malformed.';
  return name === body.name ? undefined : 'Mcp-Name differs from the body.';
}

function looksEncoded(value: string): boolean {
  return value.startsWith(PREFIX) && value.endsWith(SUFFIX);
}

/** True where a header holds the text unchanged: no other bytes, and no blanks at its ends (RFC 9110 §5.5). */
function isPlain(text: string): boolean {
  return isFieldValue(text) && !isBlank(text.charCodeAt(0)) && !isBlank(text.charCodeAt(text.length - 1));
}

/** True for visible ASCII, space and tab: what a header may hold (RFC 9110 §5.5). */
export function isFieldValue(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if ((code < 0x20 && code !== 0x09) || code > 0x7e) return false;
  }
  return true;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
