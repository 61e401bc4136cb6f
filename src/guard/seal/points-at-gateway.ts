import type { ServerEntry } from './server-entry.ts';

/** Whether an entry leads to the gateway: by one of its URLs, or through `gateward connect` to one of them. */
export function pointsAtGateway(entry: ServerEntry, gateways: readonly string[]): boolean {
  const origins = gateways.map(originOf);
  if (entry.transport === 'stdio') return connectsTo(entry, origins);
  return entry.url !== undefined && origins.includes(originOf(entry.url));
}

/** `gateward connect URL`, also through npx. */
function connectsTo({ command = '', args }: ServerEntry, origins: readonly (string | undefined)[]): boolean {
  const words = [command, ...args];
  const connect = words.indexOf('connect');
  const program = words[connect - 1] ?? '';
  const isOurs = /(?:^|[\\/])gateward(?:\.cmd|\.exe|\.js)?(?:@[\w.-]+)?$/.test(program);
  const url = words.slice(connect + 1).find((word) => /^https?:/.test(word));
  return connect > 0 && isOurs && url !== undefined && origins.includes(originOf(url));
}

/** Loopback has three spellings that clients use as they like. */
function originOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, host, hostname, port } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') return undefined;
  const isLoopback = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
  return isLoopback ? `${protocol}//loopback:${port}` : `${protocol}//${host}`;
}
