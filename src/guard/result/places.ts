type Path = readonly (string | number)[];

/** Of a length that no key has (RFC 4648 §4). */
const BASE64 = /^(?:[A-Za-z0-9+/]{4}){16,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** Members of a result or of the parameters of a message that whoever gave them must get back, or that name what is meant. */
const HANDLES: ReadonlySet<string> = new Set([
  'requestState',
  'taskId',
  'nextCursor',
  'progressToken',
  'requestId',
  'resultType',
  'method',
  'jsonrpc',
  'id',
]);

/** What is no text: handles that are given back as they are, and bytes in base64. */
export function isOpaque(path: Path, value: string): boolean {
  const last = path.at(-1);
  if (typeof last !== 'string') return false;
  if (HANDLES.has(last)) return path.length === 1 || (path.length === 2 && path[0] === 'params');
  if (last === 'blob') return BASE64.test(value);
  return last === 'data' && isInContent(path) && BASE64.test(value);
}

/** A string that a client shows or hands to its model as a block of text. */
export function isBlockText(path: Path): boolean {
  if (path.at(-1) === 'text') return isInContent(path) || path[0] === 'contents';
  return path[0] === 'params' && (path[1] === 'message' || path[1] === 'data') && path.length >= 2;
}

/** Names by which answers come back, or by which the protocol calls its members. */
export function isFixedKey(path: Path): boolean {
  return path[0] === 'inputRequests' && (path.length === 2 || path.includes('requestedSchema'));
}

function isInContent(path: Path): boolean {
  if (path[0] === 'structuredContent' || path[0] === '_meta') return false;
  return path.includes('content');
}
