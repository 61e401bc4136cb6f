/** What the listener may be called. */
export interface HostNameOptions {
  /** The address that it listens on. */
  readonly host: string;
  readonly publicUrl: string | undefined;
  /** `name` allows any port, `name:port` that one. */
  readonly allowedHosts: readonly string[];
}

/** Names that resolve to this machine for everyone, so no other machine's page can stand behind them. */
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const UNSPECIFIED = ['0.0.0.0', '::'];
const MAX_REMEMBERED = 256;

/**
 * Knows the Hosts under which the gateway may be called. A page whose name was rebound to this address (DNS rebinding)
 * sends its own Host, which is not among them. Loopback names pass with any port: tunnels and containers change it.
 */
export function createHostCheck(options: HostNameOptions): (host: string) => boolean {
  const exact = new Set<string>();
  const anyPort = new Set(LOOPBACK);
  if (!UNSPECIFIED.includes(options.host)) anyPort.add(bracketed(options.host.toLowerCase()));
  for (const entry of options.allowedHosts) {
    const { name, port } = splitHost(entry);
    if (port === '') anyPort.add(name);
    else exact.add(`${name}:${port}`);
  }
  if (options.publicUrl !== undefined) {
    const { protocol, host, hostname, port } = new URL(options.publicUrl);
    exact.add(host);
    // A client may spell out the port that the URL leaves out.
    if (port === '') exact.add(`${hostname}:${protocol === 'https:' ? 443 : 80}`);
  }
  const known = new Set<string>();
  return (host) => {
    if (known.has(host)) return true;
    const { name, port } = splitHost(host);
    if (!exact.has(port === '' ? name : `${name}:${port}`) && !anyPort.has(name)) return false;
    if (known.size < MAX_REMEMBERED) known.add(host);
    return true;
  };
}

/** The origins whose pages may call: that of `publicUrl`, and those that the operator names. In lower case. */
export function allowedOriginSet(
  publicUrl: string | undefined,
  allowedOrigins: readonly string[],
): ReadonlySet<string> {
  const own = publicUrl === undefined ? [] : [new URL(publicUrl).origin];
  return new Set([...own, ...allowedOrigins.map(normalOrigin)]);
}

/** An origin as browsers write it: lower case, without the scheme's own port (RFC 6454 §6.2). */
function normalOrigin(origin: string): string {
  const lower = origin.toLowerCase();
  return lower.replace(/^(http:\/\/.*):80$|^(https:\/\/.*):443$/, '$1$2');
}

/** Splits a Host (RFC 9110 §7.2) into its name, in lower case without a final dot, and its port. */
function splitHost(host: string): { readonly name: string; readonly port: string } {
  const match = /^(\[[0-9a-f:.]*\]|[^:[\]]*)(?::(\d{1,5}))?$/.exec(host.toLowerCase());
  const [, name = '', port = ''] = match ?? [];
  return { name: name.replace(/\.$/, ''), port };
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
