import { existsSync } from 'node:fs';
import type { Environment } from '../config/types.ts';
import { GatewardError } from '../errors.ts';

/** The configuration file where nobody names one. */
export const DEFAULT_FILE = 'gateward.yaml';

/**
 * The path of the configuration file: what the command line says, else GATEWARD_CONFIG, else ./gateward.yaml.
 *
 * @throws GatewardError CONFIG_UNREADABLE if nobody named a file and ./gateward.yaml does not exist.
 */
export function chooseConfig(given: string | undefined, { configFile }: Environment): string {
  const named = given ?? configFile;
  if (named !== undefined) return named;
  if (existsSync(DEFAULT_FILE)) return DEFAULT_FILE;
  throw new GatewardError('CONFIG_UNREADABLE', {
    detail: [
      `There is no ./${DEFAULT_FILE}. Name one with --config FILE, or begin with this one:`,
      '',
      '  upstreams:',
      '    files:',
      '      command: npx',
      `      args: [-y, "@modelcontextprotocol/server-filesystem@2026.8.31", ${JSON.stringify(process.cwd())}]`,
    ].join('\n'),
  });
}
