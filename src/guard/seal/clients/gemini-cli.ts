import { type Client, fileAt, hook, protection, type Selector, server, trust } from '../client-file.ts';

/**
 * https://geminicli.com/docs/tools/mcp-server (a server's `trust: true` lies in its entry),
 * https://geminicli.com/docs/hooks, https://geminicli.com/docs/cli/trusted-folders
 */
const SETTINGS: readonly Selector[] = [
  server('mcpServers', '*'),
  hook('hooks', '*'),
  hook('mcp', 'serverCommand'),
  hook('tools', 'discoveryCommand'),
  hook('tools', 'callCommand'),
  trust('mcp', 'allowed'),
  trust('tools', 'allowed'),
  protection('mcp', 'excluded'),
  protection('security', 'folderTrust', 'enabled'),
];

/** Gemini CLI. */
export const geminiCli: Client = {
  id: 'gemini-cli',
  name: 'Gemini CLI',
  programs: ['gemini'],
  files: [
    fileAt('{HOME}/.gemini/settings.json', SETTINGS),
    fileAt('{HOME}/.gemini/trustedFolders.json', [trust('*')]),
    fileAt('{PROJECT}/.gemini/settings.json', SETTINGS),
  ],
};
