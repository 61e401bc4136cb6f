import { type ServerAnswer, statusSchema, type UpstreamAnswer } from '../admin-schema.ts';
import { type AdminOptions, findGateway } from '../admin-target.ts';
import { askGateway } from '../ask-gateway.ts';
import { formatUpstreams } from '../format-upstream.ts';
import type { Terminal } from '../terminal.ts';

/** `gateward server list`: the servers of the running gateway and the state of what is behind them. */
export async function listServers(options: AdminOptions, terminal: Terminal): Promise<number> {
  const status = await askGateway(await findGateway(options), 'status', statusSchema);
  const { servers, upstreams } = status;
  terminal.emit({ servers, upstreams });
  const width = Math.max(0, ...servers.map(({ name }) => name.length));
  terminal.say('Servers');
  for (const server of servers) {
    const state = stateOf(server, upstreams);
    terminal.say(`  ${server.name.padEnd(width)}  ${state.padEnd(8)}  ${server.url}`);
  }
  terminal.say(`\nUpstreams\n${formatUpstreams(upstreams)}`);
  return 0;
}

/** A server is up if all its upstreams are; one that lacks some says how many it has. */
function stateOf(server: ServerAnswer, upstreams: readonly UpstreamAnswer[]): string {
  const own = upstreams.filter(({ name }) => server.upstreams.includes(name));
  const up = own.filter(({ state }) => state === 'up').length;
  if (up === own.length) return 'up';
  if (up > 0) return `${up} of ${own.length}`;
  return own.every(({ state }) => state === 'down') ? 'down' : 'starting';
}
