import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { SecureContext } from 'node:tls';
import { buildConnector } from 'undici';
import { GatewardError } from '../../errors.ts';
import { mayReach, type ReachRules } from './judge-url.ts';

/** Finds the addresses of a name. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

/** How connections are made and judged. */
export interface ConnectParts {
  /** The name or address of the URL, without brackets and final dots. */
  readonly host: string;
  readonly rules: ReachRules;
  readonly resolve: Resolve;
  /** The authorities that may sign for servers; undefined for those of the system. */
  readonly secureContext: SecureContext | undefined;
  /** Milliseconds until the connection, its TLS handshake included, must stand. */
  readonly timeoutMs: number;
}

/** A name has a few addresses; more are a flood. */
const MAX_ADDRESSES = 32;

/**
 * Connects by TLS to addresses that were judged, and to no other: the answer of the DNS that is judged is the one that
 * is connected to, so a name that changes its address in between gains nothing. One bad address spoils the answer.
 * What the socket says it is connected to is judged again before a byte of the request is sent.
 */
export function judgedConnect(parts: ConnectParts): buildConnector.connector {
  const { host, rules, secureContext, timeoutMs } = parts;
  const connect = buildConnector({
    allowH2: false,
    timeout: timeoutMs,
    lookup: judgedLookup(parts),
    rejectUnauthorized: true,
    maxCachedSessions: 0,
    ...(secureContext === undefined ? {} : { secureContext }),
  });
  return (target, callback) => {
    connect(target, (...made) => {
      const [error, socket] = made;
      if (error !== null) {
        callback(error, null);
      } else if (mayReach(host, socket.remoteAddress ?? '', rules)) {
        callback(null, socket);
      } else {
        socket.destroy();
        callback(notPublic(host, socket.remoteAddress), null);
      }
    });
  };
}

function judgedLookup({ host, rules, resolve }: ConnectParts): LookupFunction {
  return (_, { family, all }, callback) => {
    const answer = async (): Promise<LookupAddress[]> => {
      const found = (await resolve(host)).slice(0, MAX_ADDRESSES);
      const bad = found.find(({ address }) => !mayReach(host, address, rules));
      if (bad !== undefined) throw notPublic(host, bad.address);
      const wanted = found.filter((one) => family === undefined || family === 0 || one.family === family);
      if (wanted.length === 0) throw new GatewardError('EGRESS_FAILED', { cause: `${host} has no address` });
      return wanted;
    };
    answer().then(
      (addresses) => {
        const [first] = addresses;
        if (all === true || first === undefined) callback(null, addresses);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new TypeError(String(error)), ''),
    );
  };
}

/** Which address it was is for the log alone. */
function notPublic(host: string, address: string | undefined): GatewardError {
  return new GatewardError('EGRESS_REFUSED', {
    detail: 'Its address is not a public one.',
    cause: `${host} has the address ${address ?? 'of a closed socket'}`,
  });
}
