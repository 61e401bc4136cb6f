import { type Client, fileAt, HOOKS, hook, type Selector, server, trust } from '../client-file.ts';

/**
 * Keys: https://developers.openai.com/codex/config-reference; the schema is codex-rs/core/config.schema.json of
 * openai/codex. A provider's `base_url` decides where conversations go.
 */
const CONFIG: readonly Selector[] = [
  server('mcp_servers', '*'),
  hook('notify'),
  hook('hooks', '*'),
  trust('projects', '*', 'trust_level'),
  trust('approval_policy'),
  trust('sandbox_mode'),
  trust('sandbox_workspace_write'),
  trust('model_provider'),
  trust('model_providers', '*'),
  trust('chatgpt_base_url'),
  trust('openai_base_url'),
];

/** Codex: command line, desktop and editor share one file. */
export const codex: Client = {
  id: 'codex',
  name: 'Codex',
  programs: ['codex', 'Codex', 'codex.exe'],
  files: [
    fileAt('{CODEX}/config.toml', CONFIG),
    fileAt('{CODEX}/hooks.json', HOOKS),
    fileAt('{PROJECT}/.codex/config.toml', CONFIG),
    fileAt('{PROJECT}/.codex/hooks.json', HOOKS),
  ],
};
