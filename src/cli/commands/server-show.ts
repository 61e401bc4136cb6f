import { serverAnswerSchema } from '../admin-schema.ts';
import { type AdminOptions, findGateway } from '../admin-target.ts';
import { askGateway } from '../ask-gateway.ts';
import { formatUpstreams } from '../format-upstream.ts';
import { shorten } from '../shorten.ts';
import type { Terminal } from '../terminal.ts';

const MAX_DESCRIPTION = 100;

/** `gateward server show NAME`: one server of the running gateway, with its tools as clients see them. */
export async function showServer(name: string, options: AdminOptions, terminal: Terminal): Promise<number> {
  const path = `servers/${encodeURIComponent(name)}`;
  const answer = await askGateway(await findGateway(options), path, serverAnswerSchema);
  const { server, upstreams, tools, toolsError } = answer;
  terminal.emit(answer);
  terminal.say(`${server.name}  ${server.url}${server.public ? '  (public)' : ''}`);
  terminal.say(`\nUpstreams\n${formatUpstreams(upstreams)}`);
  terminal.say(`\nTools (${tools.length})`);
  for (const tool of tools) {
    terminal.say(`  ${shorten(tool.name, MAX_DESCRIPTION)}`);
    if (tool.description !== undefined) terminal.say(`    ${shorten(tool.description, MAX_DESCRIPTION)}`);
  }
  if (toolsError !== undefined) terminal.say(`  They cannot be listed: ${toolsError.message}`);
  return 0;
}
