import { type Client, hook, type Selector, server, trust } from '../client-file.ts';

/** https://aws.github.io/amazon-q-developer-cli/agent-format.html */
const AGENT: readonly Selector[] = [
  server('mcpServers', '*'),
  hook('hooks', '*'),
  trust('allowedTools'),
  trust('toolsSettings'),
];

/** https://docs.aws.amazon.com/amazonq/latest/qdeveloper-ug/mcp-ide.html and the page of the agent format. */
export const amazonQ: Client = {
  id: 'amazon-q',
  name: 'Amazon Q Developer',
  programs: ['q', 'qchat'],
  files: [
    {
      scope: 'user',
      path: '{HOME}/.aws/amazonq/mcp.json',
      format: 'json',
      selectors: [server('mcpServers', '*')],
    },
    { scope: 'user', path: '{HOME}/.aws/amazonq/agents/default.json', format: 'json', selectors: AGENT },
    { scope: 'user', path: '{HOME}/.aws/amazonq/default.json', format: 'json', selectors: AGENT },
    {
      scope: 'project',
      path: '{PROJECT}/.amazonq/mcp.json',
      format: 'json',
      selectors: [server('mcpServers', '*')],
    },
    { scope: 'project', path: '{PROJECT}/.amazonq/default.json', format: 'json', selectors: AGENT },
  ],
};
