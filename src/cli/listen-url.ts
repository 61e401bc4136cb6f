import type { ListenConfig } from '../config/types.ts';

/** The URL of the address that a gateway listens on, without a slash at the end. */
export function listenUrl({ host, port, tls }: Pick<ListenConfig, 'host' | 'port' | 'tls'>): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `${tls === undefined ? 'http' : 'https'}://${name}:${port}`;
}
