import { type Client, fileAt, hook, MCP_SERVERS, type Selector, server, trust } from '../client-file.ts';

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
    fileAt('{HOME}/.aws/amazonq/mcp.json', MCP_SERVERS),
    fileAt('{HOME}/.aws/amazonq/agents/default.json', AGENT),
    fileAt('{HOME}/.aws/amazonq/default.json', AGENT),
    fileAt('{PROJECT}/.amazonq/mcp.json', MCP_SERVERS),
    fileAt('{PROJECT}/.amazonq/default.json', AGENT),
  ],
};
