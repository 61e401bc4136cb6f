import type { CallMeta } from '../call.ts';
import type { ErrorCode } from '../errors.ts';
import type { JsonText } from '../lib/json-text.ts';
import { type HeaderValues, headerOf } from './headers.ts';
import { type Message, readMessage } from './message.ts';
import { META_KEYS } from './meta-keys.ts';
import { isModernVersion, MODERN_VERSIONS } from './versions.ts';

/** What one posted body is, and which era answers it. */
export type Classified = ModernRequest | ModernNotification | Legacy | Refused;

/** A request of the modern era, whose version is served. */
export interface ModernRequest {
  readonly era: 'modern';
  readonly kind: 'request';
  /** Raw text of the id. */
  readonly id: string;
  readonly method: string;
  readonly params: JsonText;
  readonly meta: CallMeta;
}

/** A notification of the modern era. The core revision defines none on HTTP: answer 202 and drop it. */
export interface ModernNotification {
  readonly era: 'modern';
  readonly kind: 'notification';
}

/** Anything of 2025-11-25 and earlier: one message, or an array of them, which only some revisions know. */
export interface Legacy {
  readonly era: 'legacy';
  readonly messages: Message | readonly Message[];
}

/** Neither: the error to answer, with the id of the request where there is one. */
export interface Refused {
  readonly era: 'refused';
  readonly id: string | undefined;
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  readonly data: Readonly<Record<string, unknown>> | undefined;
}

const {
  protocolVersion: VERSION,
  clientCapabilities: CAPABILITIES,
  clientInfo: CLIENT_INFO,
  logLevel: LOG_LEVEL,
} = META_KEYS;

/**
 * Tells the era of a posted body. The body decides: a version claim in `_meta` is modern whatever it names. A modern
 * `MCP-Protocol-Version` is only compared with it, and never makes a legacy body modern (Streamable HTTP 2026-07-28
 * §Protocol Version Header, §Backward Compatibility). `Mcp-Method` and `Mcp-Name` say nothing here: some legacy
 * clients send them.
 */
export function classify(body: JsonText, headers: HeaderValues): Classified {
  const version = headerOf(headers, 'mcp-protocol-version');
  if (body.kind === 'array') return classifyBatch(body, version);
  const message = readMessage(body);
  switch (message.kind) {
    case 'request':
      return classifyRequest(message, version);
    case 'notification':
      return classifyNotification(message, version);
    case 'invalid':
      return refuse('INVALID_REQUEST', { id: message.id, detail: message.detail });
    default:
      return namesModern(version)
        ? refuse('INVALID_REQUEST', { detail: 'Clients of this revision post no responses.' })
        : { era: 'legacy', messages: message };
  }
}

type Request = Extract<Message, { kind: 'request' }>;

function classifyRequest(message: Request, header: string | undefined): Classified {
  const { id, method, params } = message;
  const meta = params?.get('_meta');
  const claim = meta?.get(VERSION);
  if (method === 'initialize' && !isValidClaim(claim?.string(), meta)) {
    if (!namesModern(header)) return { era: 'legacy', messages: message };
    return refuse('HEADER_MISMATCH', { id, detail: 'initialize is no method of the version in the header.' });
  }
  if (claim === undefined && !namesModern(header)) return { era: 'legacy', messages: message };
  if (params === undefined || meta === undefined) {
    return refuse('ENVELOPE_INVALID', { id, detail: 'The request has no _meta.' });
  }
  const envelope = readEnvelope(meta, claim);
  if (typeof envelope === 'string') return refuse('ENVELOPE_INVALID', { id, detail: envelope });
  const requested = envelope.protocolVersion;
  if (header !== undefined && header !== requested) {
    return refuse('HEADER_MISMATCH', { id, detail: 'MCP-Protocol-Version differs from _meta.' });
  }
  if (!MODERN_VERSIONS.includes(requested)) {
    return refuse('UNSUPPORTED_VERSION', { id, data: { supported: MODERN_VERSIONS, requested } });
  }
  return { era: 'modern', kind: 'request', id, method, params, meta: envelope };
}

function classifyNotification(
  message: Message & { kind: 'notification' },
  header: string | undefined,
): Classified {
  const claim = message.params?.get('_meta')?.get(VERSION);
  if (claim === undefined && !namesModern(header)) return { era: 'legacy', messages: message };
  if (claim !== undefined && header !== undefined && claim.string() !== header) {
    return refuse('HEADER_MISMATCH', { detail: 'MCP-Protocol-Version differs from _meta.' });
  }
  return { era: 'modern', kind: 'notification' };
}

/** Which revision takes arrays is the session's to know. No modern revision does. */
function classifyBatch(body: JsonText, header: string | undefined): Classified {
  const items = body.items();
  if (items.length === 0) return refuse('INVALID_REQUEST', { detail: 'The array is empty.' });
  const modern =
    namesModern(header) || items.some((item) => item.at('params', '_meta', VERSION) !== undefined);
  if (modern) return refuse('INVALID_REQUEST', { detail: 'This revision takes one message, not an array.' });
  return { era: 'legacy', messages: items.map(readMessage) };
}

function namesModern(header: string | undefined): boolean {
  return header !== undefined && isModernVersion(header);
}

function isValidClaim(claimed: string | undefined, meta: JsonText | undefined): boolean {
  return claimed !== undefined && isModernVersion(claimed) && meta?.get(CAPABILITIES)?.kind === 'object';
}

/** basic §_meta: what must be there, and the types of what may be. A text says what is wrong. */
function readEnvelope(meta: JsonText, claim: JsonText | undefined): CallMeta | string {
  const protocolVersion = claim?.string();
  if (protocolVersion === undefined) return `${VERSION} must be a string.`;
  const clientCapabilities = meta.get(CAPABILITIES);
  if (clientCapabilities?.kind !== 'object') return `${CAPABILITIES} must be an object.`;
  const clientInfo = meta.get(CLIENT_INFO);
  if (clientInfo !== undefined && clientInfo.kind !== 'object') return `${CLIENT_INFO} must be an object.`;
  const level = meta.get(LOG_LEVEL);
  if (level !== undefined && level.kind !== 'string') return `${LOG_LEVEL} must be a string.`;
  const progressToken = meta.get('progressToken');
  if (progressToken !== undefined && progressToken.kind !== 'string' && progressToken.kind !== 'number') {
    return 'progressToken must be a string or a number.';
  }
  return { protocolVersion, clientCapabilities, clientInfo, logLevel: level?.string(), progressToken };
}

function refuse(code: ErrorCode, more: Partial<Omit<Refused, 'era' | 'code'>>): Refused {
  return { era: 'refused', code, id: more.id, detail: more.detail, data: more.data };
}
