import { resolve } from 'node:path';
import { readConfig } from '../../config/load.ts';
import type { Environment, LoadedConfig } from '../../config/types.ts';
import { readHeaderOptions } from '../header-options.ts';

/** A server that is named on the command line. */
export interface UrlTarget {
  readonly url: string;
  /** `NAME: VALUE` each; `${VARIABLE}` stands for what the environment holds. */
  readonly headers: readonly string[];
  /** PEM file of the authorities that may sign for it. */
  readonly ca: string | undefined;
}

const MAX_NAME = 32;

/** A configuration of this one server, named after its host. Throws CONFIG_INVALID. */
export async function configOfUrl(target: UrlTarget, environment: Environment): Promise<LoadedConfig> {
  const { url, headers, ca } = target;
  const name = nameOf(url);
  const upstream = { url, ...(ca !== undefined && { tls: { ca: resolve(ca) } }) };
  const text = JSON.stringify({ upstreams: { [name]: upstream } });
  const loaded = await readConfig(text, { file: '--url', env: environment });
  const sent = readHeaderOptions(headers, environment.variables);
  const upstreams = loaded.config.upstreams.map((one) =>
    one.kind === 'http' ? { ...one, headers: { ...one.headers, ...sent } } : one,
  );
  return { ...loaded, config: { ...loaded.config, upstreams } };
}

function nameOf(url: string): string {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  const name = host
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, MAX_NAME)
    .replace(/-+$/, '');
  return name === '' || name === 'all' ? 'server' : name;
}
