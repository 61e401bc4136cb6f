import {
  type Client,
  type FileDescription,
  fileAt,
  protection,
  type Selector,
  server,
  trust,
} from '../client-file.ts';

/** https://code.visualstudio.com/docs/agents/reference/mcp-configuration */
const SERVERS: readonly Selector[] = [server('servers', '*')];
/** https://code.visualstudio.com/docs/reference/default-settings; servers stood in settings.json before mcp.json. */
const SETTINGS: readonly Selector[] = [
  server('mcp', 'servers', '*'),
  trust('chat.mcp.autostart'),
  trust('chat.mcp.access'),
  trust('chat.mcp.discovery.enabled'),
  trust('chat.tools.autoApprove'),
  trust('chat.tools.global.autoApprove'),
  trust('chat.tools.eligibleForAutoApproval'),
  trust('chat.tools.terminal.autoApprove'),
  trust('chat.tools.edits.autoApprove'),
  trust('chat.tools.urls.autoApprove'),
  protection('security.workspace.trust.enabled'),
];

function userFiles(folder: string): readonly FileDescription[] {
  return [fileAt(`${folder}/mcp.json`, SERVERS), fileAt(`${folder}/settings.json`, SETTINGS)];
}

/** https://code.visualstudio.com/docs/agent-customization/mcp-servers; folders as in stacklok/toolhive pkg/client/config.go at e25de16c */
export const vscode: Client = {
  id: 'vscode',
  name: 'Visual Studio Code',
  programs: ['code', 'Code', 'Code.exe', 'code-insiders'],
  files: [
    ...userFiles('{APP}/Code/User'),
    ...userFiles('{APP}/Code - Insiders/User'),
    ...userFiles('{HOME}/.vscode-server/data/User'),
    fileAt('{PROJECT}/.vscode/mcp.json', SERVERS),
    fileAt('{PROJECT}/.vscode/settings.json', SETTINGS),
  ],
};
