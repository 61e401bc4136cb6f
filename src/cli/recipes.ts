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
}

/** How the common clients are connected to one MCP endpoint. */
export function makeRecipes({ url, node, command }: RecipeParts): readonly Recipe[] {
  const stdio = { command: node, args: [command, 'connect', url] };
  return [
    {
      client: 'Claude Code',
      into: 'a shell',
      text: `claude mcp add --transport http gateward ${url}`,
    },
    {
      client: 'VS Code',
      into: '.vscode/mcp.json',
      text: JSON.stringify({ servers: { gateward: { type: 'http', url } } }),
    },
    {
      client: 'Cursor',
      into: '.cursor/mcp.json',
      text: JSON.stringify({ mcpServers: { gateward: { url } } }),
    },
    {
      client: 'Claude Desktop and others that only speak stdio',
      into: 'claude_desktop_config.json',
      text: JSON.stringify({ mcpServers: { gateward: stdio } }),
    },
    {
      client: 'Inspector',
      into: 'a shell',
      text: `npx @modelcontextprotocol/inspector --cli ${url} --transport http --method tools/list`,
    },
  ];
}

/** The recipes as one text for people. */
export function formatRecipes(recipes: readonly Recipe[]): string {
  return recipes.map(({ client, into, text }) => `  ${client} (${into}):\n    ${text}`).join('\n');
}
