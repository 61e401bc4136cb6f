import {
  type Client,
  fileAt,
  hook,
  MCP_SERVERS,
  protection,
  type Selector,
  server,
  trust,
} from '../client-file.ts';

/** Keys of settings.json: https://code.claude.com/docs/en/settings and https://code.claude.com/docs/en/hooks */
const SETTINGS: readonly Selector[] = [
  hook('hooks', '*'),
  hook('apiKeyHelper'),
  hook('statusLine'),
  hook('awsAuthRefresh'),
  hook('awsCredentialExport'),
  hook('otelHeadersHelper'),
  hook('enabledPlugins', '*'),
  hook('extraKnownMarketplaces', '*'),
  trust('env', '*'),
  trust('permissions', 'allow'),
  trust('permissions', 'additionalDirectories'),
  trust('permissions', 'defaultMode'),
  protection('permissions', 'deny'),
  protection('permissions', 'ask'),
  trust('enableAllProjectMcpServers'),
  trust('enabledMcpjsonServers'),
  protection('disabledMcpjsonServers'),
  trust('skipDangerousModePermissionPrompt'),
];

/**
 * Servers of a user and of a project: https://code.claude.com/docs/en/mcp ("MCP installation scopes"). The trust flags
 * in ~/.claude.json are what the client itself writes there when its dialogs are answered; the published attack set
 * them for guessed paths.
 */
export const claudeCode: Client = {
  id: 'claude-code',
  name: 'Claude Code',
  programs: ['claude'],
  files: [
    fileAt('{HOME}/.claude.json', [
      server('mcpServers', '*'),
      server('projects', '*', 'mcpServers', '*'),
      trust('projects', '*', 'hasTrustDialogAccepted'),
      trust('projects', '*', 'hasTrustDialogHooksAccepted'),
      trust('projects', '*', 'hasClaudeMdExternalIncludesApproved'),
      trust('projects', '*', 'enabledMcpjsonServers'),
      trust('projects', '*', 'enableAllProjectMcpServers'),
      trust('projects', '*', 'allowedTools'),
      trust('bypassPermissionsModeAccepted'),
      hook('hooks', '*'),
    ]),
    fileAt('{CLAUDE}/settings.json', SETTINGS),
    fileAt('{CLAUDE}/settings.local.json', SETTINGS),
    fileAt('{PROJECT}/.mcp.json', MCP_SERVERS),
    fileAt('{PROJECT}/.claude/settings.json', SETTINGS),
    fileAt('{PROJECT}/.claude/settings.local.json', SETTINGS),
  ],
};
