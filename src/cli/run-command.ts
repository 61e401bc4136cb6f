import type { Command } from 'commander';
import { toGatewardError } from '../errors.ts';
import type { AdminOptions } from './admin-target.ts';
import { exitCodeOf } from './exit-codes.ts';
import { createTerminal, reportError, type Streams, type Terminal } from './terminal.ts';

/** What every command is given. */
export interface Globals {
  readonly json?: true;
}

/** What every command that asks the running gateway is given. */
export interface AdminFlags extends Globals {
  readonly config?: string;
  readonly url?: string;
  readonly keyFile?: string;
}

/** A flag with what the help says of it. */
type Flag = readonly [string, string];

/** Which configuration. */
export const CONFIG: Flag = [
  '-c, --config <file>',
  'the configuration file (default: $GATEWARD_CONFIG, else ./gateward.yaml)',
];
/** Where the running gateway is. */
const URL_OPTION: Flag = ['--url <url>', 'where the gateway listens, if the configuration does not say it'];
/** The key to the running gateway. */
const KEY_FILE: Flag = ['--key-file <file>', "the administrator's key, if it is not in the data folder"];
/** For scripts. */
export const JSON_OUTPUT: Flag = ['--json', 'print results as JSON, for scripts'];

/** Gathers the values of an option that may be given any number of times. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

/** Runs a command and ends in its exit code; whatever it throws is said in its own words. */
export async function finish(
  { json }: Globals,
  run: (terminal: Terminal) => Promise<number>,
  streams: Streams = process,
): Promise<void> {
  const terminal = createTerminal(streams, json === true);
  try {
    process.exitCode = await run(terminal);
  } catch (thrown) {
    const error = toGatewardError(thrown);
    reportError(terminal, error);
    process.exitCode = exitCodeOf(error.code);
  }
}

/** Gives a command the flags of those that ask the running gateway. */
export function withAdminFlags(command: Command): Command {
  return command
    .option(...CONFIG)
    .option(...URL_OPTION)
    .option(...KEY_FILE)
    .option(...JSON_OUTPUT);
}

/** How the flags say to find the running gateway. */
export function adminOptions({ config, url, keyFile }: AdminFlags): AdminOptions {
  return { config, url, keyFile };
}
