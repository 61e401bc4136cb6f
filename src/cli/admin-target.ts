import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readEnvironment } from '../config/env.ts';
import { loadConfig } from '../config/load.ts';
import { faultOfRead } from '../config/substitute.ts';
import type { Config, Environment } from '../config/types.ts';
import { GatewardError } from '../errors.ts';
import { ADMIN_KEY_FILE, readAdminKey } from '../store/key-files.ts';
import { chooseConfig } from './choose-config.ts';
import { listenUrl } from './listen-url.ts';

/** How a command finds the running gateway. */
export interface AdminOptions {
  readonly config: string | undefined;
  /** Base URL of the gateway, where the configuration does not say it. */
  readonly url: string | undefined;
  /** The file of the administrator's key, where it is not in the data folder of the configuration. */
  readonly keyFile: string | undefined;
}

/** A running gateway, and the key to it. */
export interface AdminTarget {
  /** Without a slash at the end. */
  readonly url: string;
  readonly key: string;
  /** PEM of the certificate that the gateway itself shows; undefined to trust what Node trusts. */
  readonly certificate: string | undefined;
}

/**
 * Finds the running gateway: what the options say, and for the rest its configuration.
 *
 * @throws GatewardError CONFIG_INVALID, CONFIG_UNREADABLE, ADMIN_KEY_REQUIRED, GATEWAY_UNREACHABLE
 */
export async function findGateway({ config, url, keyFile }: AdminOptions): Promise<AdminTarget> {
  if (url !== undefined && keyFile !== undefined) {
    return { url: baseUrl(url), key: await readAdminKey(keyFile), certificate: undefined };
  }
  const environment = readEnvironment();
  const file = chooseFile({ config, url }, environment);
  const loaded = await loadConfig({ file, env: environment });
  const { tls } = loaded.config.listen;
  return {
    url: url === undefined ? boundUrl(loaded.config) : baseUrl(url),
    key: await readAdminKey(keyFile ?? join(loaded.config.dataDir, ADMIN_KEY_FILE)),
    certificate: tls === undefined ? undefined : await readCertificate(tls.cert),
  };
}

/** With a URL, only the key is missing. */
function chooseFile({ config, url }: Pick<AdminOptions, 'config' | 'url'>, environment: Environment): string {
  try {
    return chooseConfig(config, environment);
  } catch (cause) {
    if (url === undefined) throw cause;
    const detail = `Say where it is with --key-file FILE, or name the configuration of that gateway with --config FILE.`;
    throw new GatewardError('ADMIN_KEY_REQUIRED', { detail, cause });
  }
}

function baseUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return new URL(text).origin;
  const detail = `${text} is no URL that begins with http:// or https://.`;
  throw new GatewardError('CONFIG_INVALID', { detail });
}

function boundUrl({ listen }: Config): string {
  if (listen.port !== 0) return listenUrl(listen);
  const detail = 'The configuration takes any free port: say with --url where the gateway listens.';
  throw new GatewardError('GATEWAY_UNREACHABLE', { detail });
}

async function readCertificate(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new GatewardError('CONFIG_INVALID', { detail: `${file} ${faultOfRead(cause)}.`, cause });
  }
}
