import { BlockList, isIP } from 'node:net';
import type { SandboxConfig } from '../../../config/types.ts';
import { isInside } from './settings.ts';

/** What a profile is held against. All paths are absolute and without links. */
export interface ProfileBounds {
  /** The folder of the gateway's own files. */
  readonly dataDir: string;
  /** What no process may read. */
  readonly hidden: readonly string[];
  /** What runs outside every sandbox: who could change it would be outside. */
  readonly outside: readonly string[];
}

/**
 * What is wrong with a profile, in words for the operator; undefined if nothing is. A profile that would open the
 * sandbox by itself must not be used, and must not be narrowed in silence either.
 */
export function faultOfProfile(
  { write, hosts }: Pick<SandboxConfig, 'write' | 'hosts'>,
  { dataDir, hidden, outside }: ProfileBounds,
): string | undefined {
  for (const folder of write) {
    const kept = [dataDir, ...hidden].find((path) => isInside(folder, path));
    if (kept !== undefined || isInside(dataDir, folder)) {
      return `sandbox.write names ${folder}, but ${kept ?? dataDir} is the gateway's own.`;
    }
    const own = outside.find((path) => isInside(path, folder) || isInside(folder, path));
    if (own !== undefined) {
      return `sandbox.write names ${folder}, but ${own} runs outside the sandbox.`;
    }
  }
  const malformed = hosts.find((host) => !HOST.test(host));
  if (malformed !== undefined) {
    return `sandbox.hosts names ${malformed}, which is neither a host with a dot nor *. and a domain of two parts.`;
  }
  const local = hosts.find(isOfThisMachine);
  if (local !== undefined) return `sandbox.hosts names ${local}: this machine, or the metadata of its cloud.`;
  return undefined;
}

/** A domain of two parts or more, `*.` before one, or an address; a port may follow. */
const HOST = /^(?:(?:\*\.)?[\w-]+(?:\.[\w-]+)+|localhost|\[[\da-f:.]+\])(?::[1-9]\d{0,4})?$/i;

function isOfThisMachine(entry: string): boolean {
  // Reads every spelling of an address that clients read, such as 0x7f.1.
  const { hostname } = URL.parse(`http://${entry.replace('*.', '')}/`) ?? { hostname: entry };
  if (hostname === 'localhost' || hostname.endsWith('.localhost')) return true;
  const address = hostname.replace(/^\[|\]$/g, '');
  const family = isIP(address);
  return family !== 0 && closedAddresses().check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** Loopback, link-local, and where clouds answer with credentials outside of that. */
function closedAddresses(): BlockList {
  const list = new BlockList();
  list.addSubnet('0.0.0.0', 8);
  list.addSubnet('127.0.0.0', 8);
  list.addSubnet('169.254.0.0', 16);
  list.addAddress('100.100.100.200');
  list.addAddress('168.63.129.16');
  list.addAddress('192.0.0.192');
  list.addAddress('::', 'ipv6');
  list.addAddress('::1', 'ipv6');
  list.addSubnet('fe80::', 10, 'ipv6');
  list.addSubnet('fd00:ec2::', 32, 'ipv6');
  list.addAddress('fd20:ce::254', 'ipv6');
  return list;
}
