import { type Client, fileAt, HOOKS, MCP_SERVERS, protection, type Selector, trust } from '../client-file.ts';

/** https://cursor.com/docs/reference/permissions */
const PERMISSIONS: readonly Selector[] = [
  trust('mcpAllowlist'),
  trust('terminalAllowlist'),
  trust('autoRun'),
];
/** https://cursor.com/docs/cli/reference/configuration */
const CLI: readonly Selector[] = [trust('permissions', 'allow'), protection('permissions', 'deny')];

/** https://cursor.com/docs/context/mcp and https://cursor.com/docs/agent/hooks */
export const cursor: Client = {
  id: 'cursor',
  name: 'Cursor',
  programs: ['cursor', 'Cursor', 'Cursor.exe', 'cursor-agent'],
  files: [
    fileAt('{HOME}/.cursor/mcp.json', MCP_SERVERS),
    fileAt('{HOME}/.cursor/hooks.json', HOOKS),
    fileAt('{HOME}/.cursor/permissions.json', PERMISSIONS),
    fileAt('{HOME}/.cursor/cli-config.json', CLI),
    fileAt('{PROJECT}/.cursor/mcp.json', MCP_SERVERS),
    fileAt('{PROJECT}/.cursor/hooks.json', HOOKS),
    fileAt('{PROJECT}/.cursor/permissions.json', PERMISSIONS),
    fileAt('{PROJECT}/.cursor/cli.json', CLI),
  ],
};
