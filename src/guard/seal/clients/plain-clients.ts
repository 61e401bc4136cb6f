import { type Client, fileAt, MCP_SERVERS, server, trust } from '../client-file.ts';

const EXTENSIONS = '{APP}/Code/User/globalStorage';

/**
 * Paths: stacklok/toolhive pkg/client/config.go at e25de16c, unless a line says otherwise. Cline and Roo keep
 * `alwaysAllow` and `autoApprove` in the entry of each server, so they are sealed with it.
 */
export const PLAIN_CLIENTS: readonly Client[] = [
  {
    id: 'cline',
    name: 'Cline',
    programs: [],
    files: [fileAt(`${EXTENSIONS}/saoudrizwan.claude-dev/settings/cline_mcp_settings.json`, MCP_SERVERS)],
  },
  {
    id: 'roo',
    name: 'Roo Code',
    programs: [],
    files: [
      fileAt(`${EXTENSIONS}/rooveterinaryinc.roo-cline/settings/mcp_settings.json`, MCP_SERVERS),
      // https://docs.roocode.com/features/mcp/using-mcp-in-roo
      fileAt('{PROJECT}/.roo/mcp.json', MCP_SERVERS),
    ],
  },
  {
    id: 'junie',
    name: 'JetBrains Junie',
    programs: ['junie'],
    // https://www.jetbrains.com/help/junie/model-context-protocol-mcp.html
    files: [
      fileAt('{HOME}/.junie/mcp/mcp.json', MCP_SERVERS),
      fileAt('{PROJECT}/.junie/mcp/mcp.json', MCP_SERVERS),
    ],
  },
  {
    id: 'lm-studio',
    name: 'LM Studio',
    programs: ['lm-studio', 'LM Studio', 'lms'],
    files: [fileAt('{HOME}/.lmstudio/mcp.json', MCP_SERVERS)],
  },
  {
    id: 'kiro',
    name: 'Kiro',
    programs: ['kiro', 'Kiro', 'kiro-cli'],
    // https://kiro.dev/docs/mcp/configuration
    files: [
      fileAt('{HOME}/.kiro/settings/mcp.json', MCP_SERVERS),
      fileAt('{PROJECT}/.kiro/settings/mcp.json', MCP_SERVERS),
    ],
  },
  {
    id: 'copilot-cli',
    name: 'GitHub Copilot CLI',
    programs: ['copilot'],
    files: [
      fileAt('{HOME}/.copilot/mcp-config.json', MCP_SERVERS),
      // https://docs.github.com/en/copilot/how-tos/use-copilot-agents/use-copilot-cli
      fileAt('{HOME}/.copilot/config.json', [trust('trusted_folders')]),
    ],
  },
  {
    id: 'amp',
    name: 'Amp',
    programs: ['amp'],
    files: [fileAt('{CONFIG}/amp/settings.json', [server('amp.mcpServers', '*'), trust('amp.permissions')])],
  },
  {
    id: 'antigravity',
    name: 'Antigravity',
    programs: ['antigravity', 'Antigravity'],
    files: [fileAt('{HOME}/.gemini/antigravity/mcp_config.json', MCP_SERVERS)],
  },
  {
    id: 'factory',
    name: 'Factory Droid',
    programs: ['droid'],
    files: [fileAt('{HOME}/.factory/mcp.json', MCP_SERVERS)],
  },
  { id: 'kimi', name: 'Kimi CLI', programs: ['kimi'], files: [fileAt('{HOME}/.kimi/mcp.json', MCP_SERVERS)] },
  {
    id: 'trae',
    name: 'Trae',
    programs: ['trae', 'Trae'],
    files: [fileAt('{APP}/Trae/User/mcp.json', MCP_SERVERS)],
  },
  {
    id: 'qoder',
    name: 'Qoder',
    programs: ['qoder', 'Qoder'],
    files: [fileAt('{HOME}/.qoder/mcp.json', MCP_SERVERS, '{APP}/Qoder/SharedClientCache/mcp.json')],
  },
];
