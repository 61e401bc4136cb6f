import { type Client, type FileDescription, server, trust } from '../client-file.ts';

/** What has one list of servers under `mcpServers`, and nothing else that matters here. */
function servers(path: string, windows?: string): FileDescription {
  const scope = path.startsWith('{PROJECT}') ? 'project' : 'user';
  const selectors = [server('mcpServers', '*')];
  return { scope, path, format: 'json', selectors, ...(windows === undefined ? {} : { windows }) };
}

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
    files: [servers(`${EXTENSIONS}/saoudrizwan.claude-dev/settings/cline_mcp_settings.json`)],
  },
  {
    id: 'roo',
    name: 'Roo Code',
    programs: [],
    files: [
      servers(`${EXTENSIONS}/rooveterinaryinc.roo-cline/settings/mcp_settings.json`),
      // https://docs.roocode.com/features/mcp/using-mcp-in-roo
      servers('{PROJECT}/.roo/mcp.json'),
    ],
  },
  {
    id: 'junie',
    name: 'JetBrains Junie',
    programs: ['junie'],
    // https://www.jetbrains.com/help/junie/model-context-protocol-mcp.html
    files: [servers('{HOME}/.junie/mcp/mcp.json'), servers('{PROJECT}/.junie/mcp/mcp.json')],
  },
  {
    id: 'lm-studio',
    name: 'LM Studio',
    programs: ['lm-studio', 'LM Studio', 'lms'],
    files: [servers('{HOME}/.lmstudio/mcp.json')],
  },
  {
    id: 'kiro',
    name: 'Kiro',
    programs: ['kiro', 'Kiro', 'kiro-cli'],
    // https://kiro.dev/docs/mcp/configuration
    files: [servers('{HOME}/.kiro/settings/mcp.json'), servers('{PROJECT}/.kiro/settings/mcp.json')],
  },
  {
    id: 'copilot-cli',
    name: 'GitHub Copilot CLI',
    programs: ['copilot'],
    files: [
      servers('{HOME}/.copilot/mcp-config.json'),
      // https://docs.github.com/en/copilot/how-tos/use-copilot-agents/use-copilot-cli
      {
        scope: 'user',
        path: '{HOME}/.copilot/config.json',
        format: 'json',
        selectors: [trust('trusted_folders')],
      },
    ],
  },
  {
    id: 'amp',
    name: 'Amp',
    programs: ['amp'],
    files: [
      {
        scope: 'user',
        path: '{CONFIG}/amp/settings.json',
        format: 'json',
        selectors: [server('amp.mcpServers', '*'), trust('amp.permissions')],
      },
    ],
  },
  {
    id: 'antigravity',
    name: 'Antigravity',
    programs: ['antigravity', 'Antigravity'],
    files: [servers('{HOME}/.gemini/antigravity/mcp_config.json')],
  },
  {
    id: 'factory',
    name: 'Factory Droid',
    programs: ['droid'],
    files: [servers('{HOME}/.factory/mcp.json')],
  },
  { id: 'kimi', name: 'Kimi CLI', programs: ['kimi'], files: [servers('{HOME}/.kimi/mcp.json')] },
  { id: 'trae', name: 'Trae', programs: ['trae', 'Trae'], files: [servers('{APP}/Trae/User/mcp.json')] },
  {
    id: 'qoder',
    name: 'Qoder',
    programs: ['qoder', 'Qoder'],
    files: [servers('{HOME}/.qoder/mcp.json', '{APP}/Qoder/SharedClientCache/mcp.json')],
  },
];
