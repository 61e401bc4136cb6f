import { shorten } from './shorten.ts';

/** What is said of an upstream. */
export interface UpstreamFacts {
  readonly name: string;
  readonly state: string;
  readonly target: string;
  readonly era?: string | undefined;
  readonly protocolVersion?: string | undefined;
  readonly lastError?: string | undefined;
  readonly held?: number | undefined;
}

const MAX_TARGET = 100;

/** Upstreams, one a line: name, state, what it speaks, where it is; why it is down, and what waits. */
export function formatUpstreams(upstreams: readonly UpstreamFacts[]): string {
  const width = Math.max(0, ...upstreams.map(({ name }) => name.length));
  return upstreams.map((upstream) => formatUpstream(upstream, width)).join('\n');
}

/** One upstream; names are padded to `nameWidth`. */
export function formatUpstream(upstream: UpstreamFacts, nameWidth = 0): string {
  const { name, state, target, lastError, held = 0 } = upstream;
  const why =
    state === 'up' || lastError === undefined ? '' : `\n    ${lastError.replaceAll('\n', '\n    ')}`;
  const waits = held === 0 ? '' : `\n    ${held} held, waiting or rejected: gateward server diff ${name}`;
  const speaks = [upstream.era, upstream.protocolVersion].filter((part) => part !== undefined).join(' ');
  return `  ${name.padEnd(nameWidth)}  ${state.padEnd(8)}  ${speaks.padEnd(17)}  ${shorten(target, MAX_TARGET)}${why}${waits}`;
}
