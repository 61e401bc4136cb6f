import { type Client, fileAt, MCP_SERVERS } from '../client-file.ts';

/** https://modelcontextprotocol.io/docs/develop/connect-local-servers */
export const claudeDesktop: Client = {
  id: 'claude-desktop',
  name: 'Claude Desktop',
  programs: ['Claude', 'Claude.exe', 'claude-desktop'],
  files: [fileAt('{APP}/Claude/claude_desktop_config.json', MCP_SERVERS)],
};
