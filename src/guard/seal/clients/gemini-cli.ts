import { type Client, hook, protection, type Selector, server, trust } from '../client-file.ts';

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
    { scope: 'user', path: '{HOME}/.gemini/settings.json', format: 'json', selectors: SETTINGS },
    { scope: 'user', path: '{HOME}/.gemini/trustedFolders.json', format: 'json', selectors: [trust('*')] },
    { scope: 'project', path: '{PROJECT}/.gemini/settings.json', format: 'json', selectors: SETTINGS },
  ],
};
