/** How clients reach the gateway. */
export interface GatewayTarget {
  /** URL of its MCP endpoint for everything, such as `http://127.0.0.1:3232/mcp`. */
  readonly url: string;
  /** Absolute path of the running Node, since clients may have another one on their PATH, or none. */
  readonly node: string;
  /** Absolute path of the command `gateward`. */
  readonly program: string;
}

type Dialect = (url: string) => Readonly<Record<string, unknown>>;

const withUrl: Dialect = (url) => ({ url });
const withType: Dialect = (url) => ({ type: 'http', url });
const withServerUrl: Dialect = (url) => ({ serverUrl: url });

/** How the clients that speak Streamable HTTP write a server of that kind. The others start `gateward connect`. */
const DIALECTS: Readonly<Record<string, Dialect>> = {
  'claude-code': withType,
  vscode: withType,
  'amazon-q': withType,
  factory: withType,
  'copilot-cli': (url) => ({ type: 'http', url, tools: ['*'] }),
  cursor: withUrl,
  codex: withUrl,
  zed: withUrl,
  'lm-studio': withUrl,
  kiro: withUrl,
  amp: withUrl,
  windsurf: withServerUrl,
  antigravity: withServerUrl,
  'gemini-cli': (url) => ({ httpUrl: url }),
  cline: (url) => ({ type: 'streamableHttp', url }),
  roo: (url) => ({ type: 'streamable-http', url }),
  continue: (url) => ({ type: 'streamable-http', url }),
  goose: (url) => ({ type: 'streamable_http', uri: url, enabled: true, timeout: 300 }),
  opencode: (url) => ({ type: 'remote', url, enabled: true }),
};

/** Clients whose entries hold their own name. */
const NAMED: ReadonlySet<string> = new Set(['continue', 'goose']);

/** The entry by which a client reaches the gateway, in the client's own form. */
export function makeGatewayEntry(
  { client, name }: { readonly client: string; readonly name: string },
  { url, node, program }: GatewayTarget,
): Readonly<Record<string, unknown>> {
  const dialect = Object.hasOwn(DIALECTS, client) ? DIALECTS[client] : undefined;
  const entry = dialect?.(url) ?? { command: node, args: [program, 'connect', url] };
  return NAMED.has(client) ? { name, ...entry } : entry;
}
