import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { addressBlock } from '../lib/address-block.ts';
import { type Hop, lastOf, parseForwarded, parseForwardedFor } from '../lib/forwarded.ts';

/** Where a request comes from, as far as it can be believed. */
export interface Client {
  readonly address: string;
  /** What counts as one client for the limit per address. */
  readonly block: string;
  /** The scheme that the client used, if a trusted proxy said so. */
  readonly proto: 'http' | 'https' | undefined;
  /** The host that the client used, if a trusted proxy said so. */
  readonly host: string | undefined;
}

/** A set of addresses and networks such as `10.0.0.0/8`. IPv4 in IPv6 counts as IPv4. */
export function addressSet(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [base = '', prefix] = network.split('/');
    const family = isIP(base) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(base, prefix === undefined ? (family === 'ipv6' ? 128 : 32) : Number(prefix), family);
  }
  return (address) => {
    const family = isIP(address);
    return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  };
}

/** The peer of a connection, without anything that a proxy says. */
export function directClient(remoteAddress: string | undefined): Client {
  const address = (remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
  return { address, block: addressBlock(address), proto: undefined, host: undefined };
}

/**
 * The client behind trusted proxies: the last address that a trusted proxy saw and that is not itself one. `Forwarded`
 * (RFC 7239) and `X-Forwarded-*` are both read; where they name different clients, a proxy passes on what the client
 * made up, and neither is believed.
 */
export function clientBehind(
  peer: Client,
  request: IncomingMessage,
  isTrusted: (address: string) => boolean,
): Client {
  if (!isTrusted(peer.address)) return peer;
  const standard = readForwarded(request.headers.forwarded);
  const customary = readCustomary(request);
  if (standard === undefined) return customary === undefined ? peer : pickClient(peer, customary, isTrusted);
  const client = pickClient(peer, standard, isTrusted);
  if (customary === undefined) return client;
  return pickClient(peer, customary, isTrusted).address === client.address ? client : peer;
}

function pickClient(peer: Client, hops: readonly Hop[], isTrusted: (address: string) => boolean): Client {
  let client = peer;
  for (let at = hops.length - 1; at >= 0; at--) {
    const hop = hops[at];
    // Behind a name that is no address, nothing can be told apart.
    if (hop?.address === undefined || isIP(hop.address) === 0) return client;
    client = { ...directClient(hop.address), proto: protoOf(hop.proto), host: hop.host };
    if (!isTrusted(client.address)) return client;
  }
  return client;
}

function readForwarded(header: string | undefined): readonly Hop[] | undefined {
  return header === undefined ? undefined : (parseForwarded(header) ?? []);
}

/** X-Forwarded-Proto and -Host belong to the request that the last proxy received. */
function readCustomary({ headers }: IncomingMessage): readonly Hop[] | undefined {
  const header = textOf(headers['x-forwarded-for']);
  if (header === undefined) return undefined;
  const proto = textOf(headers['x-forwarded-proto']);
  const host = textOf(headers['x-forwarded-host']);
  const said = {
    proto: proto === undefined ? undefined : lastOf(proto),
    host: host === undefined ? undefined : lastOf(host),
  };
  return (parseForwardedFor(header) ?? []).map((address) => ({ address, ...said }));
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join() : header;
}

function protoOf(text: string | undefined): 'http' | 'https' | undefined {
  const lower = text?.toLowerCase();
  return lower === 'http' || lower === 'https' ? lower : undefined;
}
