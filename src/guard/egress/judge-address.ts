import { BlockList, isIP } from 'node:net';

/**
 * What an IP address is: `public` is reachable by everybody, `private` belongs to somebody's own network, and `special`
 * is a machine itself, a link, a cloud's metadata, a group, or nothing that a web server has.
 */
export type AddressKind = 'public' | 'private' | 'special';

/** Says what an address is. */
export type JudgeAddress = (address: string) => AddressKind;

/** RFC 1918, and the shared space of RFC 6598. */
const PRIVATE_V4 = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'];

/** RFC 6890 and what came after it, and two addresses at which clouds answer their guests only. */
const SPECIAL_V4 = [
  '0.0.0.0/8',
  '100.100.100.200/32',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

/**
 * What of 2000::/3 no web server has: protocol assignments with Teredo (RFC 4380) and benchmarks, documentation
 * (RFC 3849, RFC 9637), 6to4 (RFC 3056), whose inner address nobody routes any more.
 */
const SPECIAL_GLOBAL_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

/** Metadata of clouds within fc00::/7. */
const METADATA_V6 = ['fd00:ec2::/32', 'fd20:ce::/64'];

const privateV4 = listOf(PRIVATE_V4, 'ipv4');
const specialV4 = listOf(SPECIAL_V4, 'ipv4');
const specialV6 = listOf([...SPECIAL_GLOBAL_V6, ...METADATA_V6], 'ipv6');

/**
 * Judges an IPv4 or IPv6 address. IPv4 in IPv6 is judged as itself (`::ffff:0:0/96`, RFC 4291 §2.5.5.2), and so is what
 * NAT64 leads to (`64:ff9b::/96`, RFC 6052). Of all other IPv6 only 2000::/3 can be public, so what is not assigned yet
 * is not. Any other text, and an address with a zone, is special.
 */
export const judgeAddress: JudgeAddress = (address) => {
  const family = isIP(address);
  if (family === 4) return judgeV4(address);
  const groups = family === 6 ? groupsOf(address) : undefined;
  return groups === undefined ? 'special' : judgeV6(address, groups);
};

function judgeV4(address: string): AddressKind {
  if (specialV4.check(address, 'ipv4')) return 'special';
  return privateV4.check(address, 'ipv4') ? 'private' : 'public';
}

function judgeV6(address: string, groups: readonly number[]): AddressKind {
  const [first = 0, second = 0, , , , sixth = 0, seventh = 0, eighth = 0] = groups;
  const isZero = (from: number, to: number): boolean => groups.slice(from, to).every((group) => group === 0);
  const inner = [seventh >> 8, seventh & 0xff, eighth >> 8, eighth & 0xff].join('.');
  if (isZero(0, 5) && sixth === 0xffff) return judgeV4(inner);
  if (first === 0x64 && second === 0xff9b && isZero(2, 6))
    return judgeV4(inner) === 'public' ? 'public' : 'special';
  if (specialV6.check(address, 'ipv6')) return 'special';
  if (first >> 13 === 1) return 'public';
  return first >> 9 === 0xfc >> 1 ? 'private' : 'special';
}

/** The eight groups of an IPv6 address; undefined for one with a zone. */
function groupsOf(address: string): number[] | undefined {
  const url = `http://[${address}]/`;
  if (!URL.canParse(url)) return undefined;
  const [head = '', tail] = new URL(url).hostname.slice(1, -1).split('::');
  const read = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  if (tail === undefined) return read(head);
  const [before, after] = [read(head), read(tail)];
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function listOf(networks: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [base = '', prefix] = network.split('/');
    list.addSubnet(base, Number(prefix), family);
  }
  return list;
}
