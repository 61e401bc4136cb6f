/** RFC 9110 §5.6.2: the characters of a header name. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** What the gateway sets itself on the way to an upstream: RFC 9110 §7.6.1 and the MCP transports. */
const OWN_HEADERS = new Set([
  'accept',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'last-event-id',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Why a header may not be configured, or undefined if it may. */
function faultOfHeader(name: string, value: string): string | undefined {
  const lower = name.toLowerCase();
  if (!TOKEN.test(name)) return 'Is not a header name.';
  if (OWN_HEADERS.has(lower) || lower.startsWith('mcp-'))
    return 'The gateway sets this header itself; remove it.';
  // RFC 9110 §5.5. A trailing newline is the usual fault of a secret that was read from a file.
  if (!/^[\t\x20-\x7e]*$/.test(value)) return 'Must hold printable ASCII characters on one line.';
  return undefined;
}

/** A header that may not be configured, and why. */
export interface HeaderFault {
  readonly name: string;
  readonly message: string;
}

/** Every header of the map that an upstream may not be given. Names are compared without case. */
export function checkHeaders(headers: Readonly<Record<string, unknown>>): HeaderFault[] {
  const seen = new Map<string, string>();
  const faults: HeaderFault[] = [];
  for (const [name, value] of Object.entries(headers)) {
    const twin = seen.get(name.toLowerCase());
    seen.set(name.toLowerCase(), name);
    const message =
      twin === undefined
        ? faultOfHeader(name, typeof value === 'string' ? value : '')
        : `Is the same header as ${twin}; keep one of them.`;
    if (message !== undefined) faults.push({ name, message });
  }
  return faults;
}
