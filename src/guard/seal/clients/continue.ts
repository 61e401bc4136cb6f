import { type Client, server } from '../client-file.ts';

/** https://docs.continue.dev/reference; config.json is what came before, with a list under `experimental`. */
export const continueDev: Client = {
  id: 'continue',
  name: 'Continue',
  programs: [],
  files: [
    {
      scope: 'user',
      path: '{HOME}/.continue/config.yaml',
      format: 'yaml',
      selectors: [server('mcpServers', '*')],
    },
    {
      scope: 'user',
      path: '{HOME}/.continue/config.json',
      format: 'json',
      selectors: [server('mcpServers', '*'), server('experimental', 'modelContextProtocolServers')],
    },
  ],
};
