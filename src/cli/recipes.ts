/** One way to connect a client, ready to paste. */
export interface Recipe {
  readonly client: string;
  /** Where the text goes: a file, or a shell. */
  readonly into: string;
  readonly text: string;
}

/** What the recipes are about. */
export interface RecipeParts {
  /** URL of the MCP endpoint. */
  readonly url: string;
  /** Absolute path of the running Node, since clients may have another one on their PATH, or none. */
  readonly node: string;
  /** Absolute path of the command, since `gateward` may not be on the PATH. */
  readonly command: string;
  /** Whether clients must show a key. */
  readonly withKey: boolean;
}

/** Stands where a key of the reader's own goes. */
const KEY = 'gwk_...';
const BEARER = `Bearer ${KEY}`;

/** How the common clients are connected to one MCP endpoint. */
export function makeRecipes({ url, node, command, withKey }: RecipeParts): readonly Recipe[] {
  const stdio = {
    command: node,
    args: [command, 'connect', url],
    ...(withKey && { env: { GATEWARD_KEY: KEY } }),
  };
  const headers = withKey ? { headers: { Authorization: BEARER } } : {};
  const flag = withKey ? ` --header "Authorization: ${BEARER}"` : '';
  return [
    {
      client: 'Claude Code',
      into: 'a shell',
      text: `claude mcp add --transport http gateward ${url}${flag}`,
    },
    {
      client: 'VS Code',
      into: '.vscode/mcp.json',
      text: JSON.stringify({ servers: { gateward: { type: 'http', url, ...headers } } }),
    },
    {
      client: 'Cursor',
      into: '.cursor/mcp.json',
      text: JSON.stringify({ mcpServers: { gateward: { url, ...headers } } }),
    },
    {
      client: 'Claude Desktop and others that only speak stdio',
      into: 'claude_desktop_config.json',
      text: JSON.stringify({ mcpServers: { gateward: stdio } }),
    },
    {
      client: 'Inspector',
      into: 'a shell',
      text: `npx @modelcontextprotocol/inspector --cli ${url} --transport http --method tools/list${flag}`,
    },
  ];
}

/** The recipes as one text for people. */
export function formatRecipes(recipes: readonly Recipe[]): string {
  return recipes.map(({ client, into, text }) => `  ${client} (${into}):\n    ${text}`).join('\n');
}
