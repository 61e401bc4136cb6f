import { type Client, hook, server } from '../client-file.ts';

/** https://docs.windsurf.com/windsurf/cascade/mcp and https://docs.windsurf.com/windsurf/cascade/hooks */
export const windsurf: Client = {
  id: 'windsurf',
  name: 'Windsurf',
  programs: ['windsurf', 'Windsurf', 'Windsurf.exe'],
  files: [
    {
      scope: 'user',
      path: '{HOME}/.codeium/windsurf/mcp_config.json',
      format: 'json',
      selectors: [server('mcpServers', '*')],
    },
    {
      scope: 'user',
      path: '{HOME}/.codeium/mcp_config.json',
      format: 'json',
      selectors: [server('mcpServers', '*')],
    },
    {
      scope: 'user',
      path: '{HOME}/.codeium/windsurf/hooks.json',
      format: 'json',
      selectors: [hook('hooks', '*')],
    },
    {
      scope: 'project',
      path: '{PROJECT}/.windsurf/hooks.json',
      format: 'json',
      selectors: [hook('hooks', '*')],
    },
  ],
};
