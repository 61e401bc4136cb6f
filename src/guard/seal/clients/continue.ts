import { type Client, fileAt, MCP_SERVERS, server } from '../client-file.ts';

/** https://docs.continue.dev/reference; config.json is what came before, with a list under `experimental`. */
export const continueDev: Client = {
  id: 'continue',
  name: 'Continue',
  programs: [],
  files: [
    fileAt('{HOME}/.continue/config.yaml', MCP_SERVERS),
    fileAt('{HOME}/.continue/config.json', [
      server('mcpServers', '*'),
      server('experimental', 'modelContextProtocolServers'),
    ]),
  ],
};
