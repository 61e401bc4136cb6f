import type { Environment } from './types.ts';

/** The gateway's own secrets. */
const SECRETS: readonly string[] = ['GATEWARD_SECRET', 'GATEWARD_SECRET_PREVIOUS', 'GATEWARD_KEY'];

/**
 * Reads the environment of the process, once. This is the only reader of `process.env`.
 *
 * Empty variables count as absent for what the gateway itself reads. Its own secrets are kept apart, so that no
 * substitution and no child process can see them.
 */
export function readEnvironment(source: NodeJS.ProcessEnv = process.env): Environment {
  const variables: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(source)) {
    if (value !== undefined && !SECRETS.includes(name)) variables[name] = value;
  }
  const either = (name: string): string | undefined =>
    given(source[name.toLowerCase()]) ?? given(source[name]);
  return Object.freeze({
    secret: given(source['GATEWARD_SECRET']),
    previousSecret: given(source['GATEWARD_SECRET_PREVIOUS']),
    key: given(source['GATEWARD_KEY']),
    configFile: given(source['GATEWARD_CONFIG']),
    proxy: Object.freeze({
      http: either('HTTP_PROXY'),
      https: either('HTTPS_PROXY'),
      all: either('ALL_PROXY'),
      none: either('NO_PROXY'),
    }),
    variables: Object.freeze(variables),
  });
}

function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
