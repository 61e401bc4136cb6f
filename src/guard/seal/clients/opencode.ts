import { type Client, hook, type Selector, server, trust } from '../client-file.ts';

/** https://opencode.ai/docs/mcp-servers, https://opencode.ai/docs/permissions, https://opencode.ai/docs/plugins */
const CONFIG: readonly Selector[] = [server('mcp', '*'), hook('plugin'), trust('permission')];

/** opencode. */
export const opencode: Client = {
  id: 'opencode',
  name: 'opencode',
  programs: ['opencode'],
  files: [
    { scope: 'user', path: '{HOME}/.config/opencode/opencode.json', format: 'json', selectors: CONFIG },
    { scope: 'user', path: '{HOME}/.config/opencode/opencode.jsonc', format: 'json', selectors: CONFIG },
    { scope: 'project', path: '{PROJECT}/opencode.json', format: 'json', selectors: CONFIG },
    { scope: 'project', path: '{PROJECT}/opencode.jsonc', format: 'json', selectors: CONFIG },
  ],
};
