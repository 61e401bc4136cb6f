import { type Client, server } from '../client-file.ts';

/** https://modelcontextprotocol.io/docs/develop/connect-local-servers */
export const claudeDesktop: Client = {
  id: 'claude-desktop',
  name: 'Claude Desktop',
  programs: ['Claude', 'Claude.exe', 'claude-desktop'],
  files: [
    {
      scope: 'user',
      path: '{APP}/Claude/claude_desktop_config.json',
      format: 'json',
      selectors: [server('mcpServers', '*')],
    },
  ],
};
