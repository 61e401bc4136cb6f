/** One whole HTTP/1.1 response as found at the start of a buffer. */
export interface Response {
  readonly status: number;
  /** Status line and headers, without the empty line. */
  readonly head: string;
  /** First byte of the body in the buffer. */
  readonly bodyStart: number;
  /** First byte after the response in the buffer. */
  readonly end: number;
}

const emptyLine = Buffer.from('\r\n\r\n');
const lineEnd = Buffer.from('\r\n');

/** Where a chunked body that starts at `from` ends, or -1 while it is incomplete (RFC 9112 §7.1). */
function findChunkedEnd(buffer: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const end = buffer.indexOf(lineEnd, at);
    if (end === -1) return -1;
    const size = Number.parseInt(buffer.toString('latin1', at, end), 16);
    if (size === 0) {
      const last = buffer.indexOf(lineEnd, end + 2);
      return last === -1 ? -1 : last + 2;
    }
    at = end + 2 + size + 2;
    if (at > buffer.length) return -1;
  }
}

/** Reads the response at the start of `buffer`, or returns undefined while it is incomplete. */
export function readResponse(buffer: Buffer): Response | undefined {
  const headEnd = buffer.indexOf(emptyLine);
  if (headEnd === -1) return undefined;
  const head = buffer.toString('latin1', 0, headEnd);
  const status = Number(head.slice(9, 12));
  const bodyStart = headEnd + 4;
  const length = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (length !== null) {
    const end = bodyStart + Number(length[1]);
    return end > buffer.length ? undefined : { status, head, bodyStart, end };
  }
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) return { status, head, bodyStart, end: bodyStart };
  const end = findChunkedEnd(buffer, bodyStart);
  return end === -1 ? undefined : { status, head, bodyStart, end };
}

/** The body of `response` as text, chunk framing removed. */
export function readBody(buffer: Buffer, response: Response): string {
  if (!/\r\ntransfer-encoding: *chunked/i.test(response.head))
    return buffer.toString('utf8', response.bodyStart, response.end);
  const parts: Buffer[] = [];
  let at = response.bodyStart;
  while (at < response.end) {
    const end = buffer.indexOf(lineEnd, at);
    const size = Number.parseInt(buffer.toString('latin1', at, end), 16);
    if (!(size > 0)) break;
    parts.push(buffer.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
  return Buffer.concat(parts).toString();
}

/** The value of a header in a response head, or undefined. */
export function readHeader(head: string, name: string): string | undefined {
  return new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(head)?.[1];
}
