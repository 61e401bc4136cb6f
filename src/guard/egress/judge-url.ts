import { isIP } from 'node:net';
import { GatewardError } from '../../errors.ts';
import { compileGlob } from '../../lib/compile-glob.ts';
import type { JudgeAddress } from './judge-address.ts';

/** Which addresses may be reached under which name. */
export interface ReachRules {
  readonly judge: JudgeAddress;
  /** Whether the operator lets this name lead into a private network. */
  readonly isPrivateHost: (host: string) => boolean;
}

const MAX_CHARS = 4096;
const HTTPS_PORT = 443;
/** Below are the ports of mail, of remote shells and the like; above, programs of users listen. */
const FIRST_USER_PORT = 1024;
/** Names that mean this machine or this network (RFC 6761, RFC 6762, RFC 8375, ICANN's .internal). */
const LOCAL_NAMES = ['localhost', 'localdomain', 'local', 'internal', 'home.arpa'];

/** Makes the rule of a list of names, in which `*` stands for any characters. */
export function privateHosts(patterns: readonly string[]): (host: string) => boolean {
  const globs = patterns.map((pattern) => compileGlob(pattern.toLowerCase()));
  return (host) => globs.some((matches) => matches(host));
}

/**
 * Reads a URL that a stranger gave, as far as it can be judged without asking the DNS: https, no credentials, a port of
 * web servers, a public name or address. It is judged as `new URL` reads it, which turns every way to write an IPv4
 * address into one (WHATWG URL §3.5).
 *
 * @throws GatewardError EGRESS_REFUSED, with what is wrong in the text.
 */
export function judgeUrl(text: string, rules: ReachRules): URL {
  if (text.length > MAX_CHARS) throw refused(`It is longer than ${MAX_CHARS} characters.`);
  if (/[\s\p{C}]/u.test(text)) throw refused('It holds blanks or characters that cannot be seen.');
  if (!URL.canParse(text)) throw refused('It is not a URL.');
  const url = new URL(text);
  if (url.protocol !== 'https:') throw refused('It is not https.');
  if (url.username !== '' || url.password !== '') throw refused('It holds credentials.');
  const port = url.port === '' ? HTTPS_PORT : Number(url.port);
  if (port !== HTTPS_PORT && port < FIRST_USER_PORT) throw refused('Its port is not one of web servers.');
  checkHost(hostOf(url), rules);
  return url;
}

/** The host as it is looked up and connected to: without brackets, and without the dots at its end. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.+$/, '');
}

/** Whether a connection to this address may be made under this name. */
export function mayReach(host: string, address: string, { judge, isPrivateHost }: ReachRules): boolean {
  const kind = judge(address);
  return kind === 'public' || (kind === 'private' && isPrivateHost(host));
}

function checkHost(host: string, rules: ReachRules): void {
  if (isIP(host) !== 0) {
    if (!mayReach(host, host, rules)) throw refused('Its address is not a public one.');
    return;
  }
  if (rules.isPrivateHost(host)) return;
  const isLocal = LOCAL_NAMES.some((name) => host === name || host.endsWith(`.${name}`));
  if (isLocal || !host.includes('.')) throw refused('Its name is not a public one.');
}

function refused(detail: string): GatewardError {
  return new GatewardError('EGRESS_REFUSED', { detail });
}
