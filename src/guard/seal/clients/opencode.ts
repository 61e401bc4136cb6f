import { type Client, fileAt, hook, type Selector, server, trust } from '../client-file.ts';

/** https://opencode.ai/docs/mcp-servers, https://opencode.ai/docs/permissions, https://opencode.ai/docs/plugins */
const CONFIG: readonly Selector[] = [server('mcp', '*'), hook('plugin'), trust('permission')];

/** opencode. */
export const opencode: Client = {
  id: 'opencode',
  name: 'opencode',
  programs: ['opencode'],
  files: [
    fileAt('{HOME}/.config/opencode/opencode.json', CONFIG),
    fileAt('{HOME}/.config/opencode/opencode.jsonc', CONFIG),
    fileAt('{PROJECT}/opencode.json', CONFIG),
    fileAt('{PROJECT}/opencode.jsonc', CONFIG),
  ],
};
