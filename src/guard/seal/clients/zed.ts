import { type Client, fileAt, type Selector, server, trust } from '../client-file.ts';

/** https://zed.dev/docs/ai/mcp and https://zed.dev/docs/ai/agent-settings */
const SETTINGS: readonly Selector[] = [
  server('context_servers', '*'),
  trust('agent', 'always_allow_tool_actions'),
  trust('agent', 'tool_permissions'),
];

/** Zed: JSON with comments. */
export const zed: Client = {
  id: 'zed',
  name: 'Zed',
  programs: ['zed', 'zed-editor', 'Zed.exe'],
  files: [
    fileAt('{CONFIG}/zed/settings.json', SETTINGS, '{APP}/Zed/settings.json'),
    fileAt('{PROJECT}/.zed/settings.json', SETTINGS),
  ],
};
