import { type Client, fileAt, HOOKS, MCP_SERVERS } from '../client-file.ts';

/** https://docs.windsurf.com/windsurf/cascade/mcp and https://docs.windsurf.com/windsurf/cascade/hooks */
export const windsurf: Client = {
  id: 'windsurf',
  name: 'Windsurf',
  programs: ['windsurf', 'Windsurf', 'Windsurf.exe'],
  files: [
    fileAt('{HOME}/.codeium/windsurf/mcp_config.json', MCP_SERVERS),
    fileAt('{HOME}/.codeium/mcp_config.json', MCP_SERVERS),
    fileAt('{HOME}/.codeium/windsurf/hooks.json', HOOKS),
    fileAt('{PROJECT}/.windsurf/hooks.json', HOOKS),
  ],
};
