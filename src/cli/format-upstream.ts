import type { GatewayStatus } from '../gateway/status.ts';

type UpstreamStatus = GatewayStatus['upstreams'][number];

/** One upstream on one line: name, state, what it speaks, where it is, and why it is down. */
export function formatUpstream(upstream: UpstreamStatus, nameWidth = 0): string {
  const { name, state, target, lastError } = upstream;
  const why =
    state === 'down' && lastError !== undefined ? `\n    ${lastError.replaceAll('\n', '\n    ')}` : '';
  return `  ${name.padEnd(nameWidth)}  ${state.padEnd(8)}  ${speaks(upstream).padEnd(18)}  ${target}${why}`;
}

/** What an upstream speaks, or nothing while nobody knows. */
export function speaks({ era, protocolVersion }: UpstreamStatus): string {
  return [era, protocolVersion].filter((part) => part !== undefined).join(' ');
}
