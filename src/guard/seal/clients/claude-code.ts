import { type Client, hook, protection, type Selector, server, trust } from '../client-file.ts';

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
    {
      scope: 'user',
      path: '{HOME}/.claude.json',
      format: 'json',
      selectors: [
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
      ],
    },
    { scope: 'user', path: '{CLAUDE}/settings.json', format: 'json', selectors: SETTINGS },
    { scope: 'user', path: '{CLAUDE}/settings.local.json', format: 'json', selectors: SETTINGS },
    { scope: 'project', path: '{PROJECT}/.mcp.json', format: 'json', selectors: [server('mcpServers', '*')] },
    { scope: 'project', path: '{PROJECT}/.claude/settings.json', format: 'json', selectors: SETTINGS },
    { scope: 'project', path: '{PROJECT}/.claude/settings.local.json', format: 'json', selectors: SETTINGS },
  ],
};
