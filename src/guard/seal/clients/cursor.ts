import { type Client, hook, protection, type Selector, server, trust } from '../client-file.ts';

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
    {
      scope: 'user',
      path: '{HOME}/.cursor/mcp.json',
      format: 'json',
      selectors: [server('mcpServers', '*')],
    },
    { scope: 'user', path: '{HOME}/.cursor/hooks.json', format: 'json', selectors: [hook('hooks', '*')] },
    { scope: 'user', path: '{HOME}/.cursor/permissions.json', format: 'json', selectors: PERMISSIONS },
    { scope: 'user', path: '{HOME}/.cursor/cli-config.json', format: 'json', selectors: CLI },
    {
      scope: 'project',
      path: '{PROJECT}/.cursor/mcp.json',
      format: 'json',
      selectors: [server('mcpServers', '*')],
    },
    {
      scope: 'project',
      path: '{PROJECT}/.cursor/hooks.json',
      format: 'json',
      selectors: [hook('hooks', '*')],
    },
    { scope: 'project', path: '{PROJECT}/.cursor/permissions.json', format: 'json', selectors: PERMISSIONS },
    { scope: 'project', path: '{PROJECT}/.cursor/cli.json', format: 'json', selectors: CLI },
  ],
};
