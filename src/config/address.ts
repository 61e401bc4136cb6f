import { BlockList, isIP } from 'node:net';

/** True for an address of the loopback interface (127.0.0.0/8, ::1, also as IPv4 in IPv6) and for `localhost`. */
export function isLoopbackHost(host: string): boolean {
  const bare = bareHost(host);
  return bare === 'localhost' || isInNetwork(bare, '127.0.0.0/8') || isInNetwork(bare, '::1/128');
}

/** A host without the brackets of an IPv6 URL and without a final dot, in lower case. */
export function bareHost(host: string): string {
  return host
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
}

/** True if the address lies in the network (`10.0.0.0/8`) or is the address given in its place. */
export function isInNetwork(address: string, network: string): boolean {
  const [base = '', prefix] = network.split('/');
  const family = isIP(base);
  const own = isIP(address);
  if (family === 0 || own === 0) return false;
  const list = new BlockList();
  list.addSubnet(
    base,
    prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix),
    family === 4 ? 'ipv4' : 'ipv6',
  );
  return list.check(address, own === 4 ? 'ipv4' : 'ipv6');
}
