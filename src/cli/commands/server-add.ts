import { resolve } from 'node:path';
import { readEnvironment } from '../../config/env.ts';
import { MERGED_SERVER, NAME_PATTERN } from '../../config/schema-fields.ts';
import type { Config, Environment, LoadedConfig } from '../../config/types.ts';
import { GatewardError } from '../../errors.ts';
import { judgeLaunch, type LaunchJudgement } from '../../guard/launch/judge-launch.ts';
import { approveLaunch } from '../config-file/approve-launch.ts';
import { createDisk } from '../config-file/disk.ts';
import { addUpstream, namesIn } from '../config-file/edit-config-text.ts';
import { hasAuthorization, keepArgs, keepHeaders, keepUrl, keepValues } from '../config-file/make-entry.ts';
import { type ConfigFileEdit, openConfigFile, saveConfigFile } from '../config-file/open-config-file.ts';
import { SecretFiles } from '../config-file/secret-files.ts';
import { mapValues, tidyEntry, type UpstreamEntry } from '../config-file/upstream-entry.ts';
import { type Ask, confirm, createAsk, notConfirmed } from '../confirm.ts';
import { EXIT } from '../exit-codes.ts';
import { resolveText } from '../import/translate-text.ts';
import { policyOf } from '../policy-of.ts';
import { describeJudged, showJudgedLaunch } from '../show-judged-launch.ts';
import { bare, type ShownText, show } from '../shown-text.ts';
import type { Terminal } from '../terminal.ts';

/** What `gateward server add` is given. */
export interface AddServerOptions {
  readonly config: string | undefined;
  readonly name: string;
  /** Either this or `command`. */
  readonly url: string | undefined;
  /** `NAME: VALUE` each. */
  readonly headers: readonly string[];
  /** The program and its arguments; none for an upstream that has a URL. */
  readonly command: readonly string[];
  /** `NAME=VALUE` each. */
  readonly env: readonly string[];
  /** Names of variables that the gateway reads from its own environment. */
  readonly envFrom: readonly string[];
  readonly cwd: string | undefined;
  /** Agreed beforehand, and for commands that hand over the machine. */
  readonly isAgreed: boolean;
  readonly isDangerAgreed: boolean;
}

/** What adding needs of the process. Tests hand in their own. */
export interface AddServerParts {
  readonly terminal: Terminal;
  readonly environment?: Environment;
  readonly ask?: Ask;
}

/**
 * `gateward server add NAME`: writes one more upstream into the configuration file. A command is shown as it would be
 * started, with the verdict on it, and somebody has to agree (SEP-1024). Values that look secret go into files of the
 * data folder that only the owner may read.
 *
 * @throws GatewardError CONFIG_INVALID, CONFIG_UNREADABLE, LAUNCH_REFUSED, NOT_CONFIRMED. Nothing is changed then.
 */
export async function addServer(options: AddServerOptions, parts: AddServerParts): Promise<number> {
  const { terminal, environment = readEnvironment() } = parts;
  const disk = createDisk();
  const edit = await openConfigFile(options.config, { environment, disk, mayBegin: true });
  checkName(options.name, edit);
  const { dataDir } = edit.loaded.config;
  const secrets = await SecretFiles.open({ dataDir, configFile: edit.file });
  const entry = tidyEntry(makeEntry(options, secrets));
  const judged = 'command' in entry ? judge(options, edit.loaded.config, environment) : undefined;
  if (judged !== undefined && 'command' in entry) {
    for (const line of showJudgedLaunch(entry, judged)) terminal.say(line.text);
    await agree({ ...parts, ...options, judged });
  }
  await secrets.write(disk);
  let loaded: LoadedConfig;
  try {
    const text = addUpstream(edit.text, options.name, entry);
    loaded = await saveConfigFile(edit, text, { environment, disk });
  } catch (error) {
    await secrets.undo(disk);
    throw error;
  }
  const waits = judged !== undefined && judged.verdict !== 'accept';
  const isApproved =
    waits && (await approveLaunch({ config: loaded.config, name: options.name, environment }));
  const starts = !waits || isApproved;
  report({ options, edit, entry, judged, made: secrets.files, starts }, terminal);
  return EXIT.ok;
}

function checkName(name: string, { file, text }: ConfigFileEdit): void {
  const { upstreams } = namesIn(text);
  const why = !NAME_PATTERN.test(name)
    ? 'Use 1 to 32 of a-z, 0-9 and "-", and begin with a letter or a digit.'
    : name === MERGED_SERVER
      ? 'This name is kept for the server at /mcp.'
      : upstreams.includes(name)
        ? `There is an upstream of this name in ${file} already. Choose another, or remove it first.`
        : undefined;
  if (why === undefined) return;
  throw new GatewardError('CONFIG_INVALID', { detail: `The name ${show`${name}`.text}: ${why}` });
}

function makeEntry(options: AddServerOptions, secrets: SecretFiles): UpstreamEntry {
  const { name, url, command: line, env, envFrom, cwd, headers } = options;
  const keep = (label: string, value: string): string => secrets.keep(name, label, value);
  const [command, ...args] = line;
  if (command !== undefined && url === undefined && headers.length === 0) {
    const read = envFrom.map((variable) => [variable, `\${${variable}}`]);
    return {
      command,
      args: keepArgs(args, keep),
      env: { ...keepValues(readPairs(env, '--env', '='), keep), ...Object.fromEntries(read) },
      ...(cwd !== undefined && { cwd }),
    };
  }
  if (url === undefined || command !== undefined || env.length + envFrom.length > 0 || cwd !== undefined) {
    const detail = 'Give either --url, with --header, or -- COMMAND, with --env, --env-from and --cwd.';
    throw new GatewardError('CONFIG_INVALID', { detail });
  }
  const { url: plain, authorization } = keepUrl(url, keep);
  const pairs = readPairs(headers, '--header', ':');
  if (authorization !== undefined && hasAuthorization(pairs)) {
    const detail = 'Give the credentials once: in the URL, or as the header Authorization.';
    throw new GatewardError('CONFIG_INVALID', { detail });
  }
  const given = keepHeaders(pairs, keep);
  return {
    url: plain,
    headers: { ...given, ...(authorization !== undefined && { Authorization: authorization }) },
  };
}

function readPairs(texts: readonly string[], flag: string, sign: string): Record<string, string> {
  const pairs = texts.map((text) => {
    const at = text.indexOf(sign);
    if (at > 0) return [text.slice(0, at).trim(), text.slice(at + 1)] as const;
    throw new GatewardError('CONFIG_INVALID', { detail: `${flag} takes NAME${sign}VALUE.` });
  });
  const trimmed = pairs.map(([name, value]) => [name, sign === ':' ? value.trim() : value] as const);
  return Object.fromEntries(trimmed);
}

/** By the values themselves: what a reference stands for is what would run. */
function judge(options: AddServerOptions, config: Config, { variables }: Environment): LaunchJudgement {
  const fill = (text: string): string => resolveText(text, variables);
  const [command = '', ...args] = options.command.map(fill);
  const env = {
    ...mapValues(readPairs(options.env, '--env', '='), fill),
    ...Object.fromEntries(options.envFrom.map((name) => [name, variables[name] ?? ''])),
  };
  const from = (path: string): string => resolve(config.file, '..', path);
  const program = /^\.{1,2}[/\\]/.test(command) ? from(command) : command;
  const cwd = options.cwd === undefined ? undefined : from(fill(options.cwd));
  return judgeLaunch({ command: program, args, env, cwd }, policyOf(config));
}

interface Agreement extends AddServerParts, AddServerOptions {
  readonly judged: LaunchJudgement;
}

async function agree({ judged, name, isAgreed, isDangerAgreed, ...parts }: Agreement): Promise<void> {
  const { verdict, rule, reason, isDangerous } = judged;
  if (verdict === 'refuse') throw new GatewardError('LAUNCH_REFUSED', { detail: `${rule}: ${reason}` });
  const ask = parts.ask ?? createAsk(parts.terminal.isJson);
  const option = isDangerous && !isDangerAgreed ? '--yes --yes-dangerous' : '--yes';
  if (!isAgreed) await confirm(ask, show`Start this command from now on? [y/N] `, option);
  if (!isDangerous || isDangerAgreed) return;
  const again = await ask(
    show`It is DANGEROUS: ${bare(reason)}\nType ${bare(name)} to start it all the same: `,
  );
  if (again === name) return;
  throw notConfirmed('--yes-dangerous', again);
}

interface Added {
  readonly options: AddServerOptions;
  readonly edit: ConfigFileEdit;
  readonly entry: UpstreamEntry;
  readonly judged: LaunchJudgement | undefined;
  readonly made: readonly string[];
  /** Whether nothing has to be approved any more. */
  readonly starts: boolean;
}

function report(
  { options: { name }, edit: { file }, entry, judged, made, starts }: Added,
  terminal: Terminal,
): void {
  terminal.emit({ name, file, entry, secretFiles: made, launch: describeJudged(judged), starts });
  const lines: ShownText[] = [show`${bare(name)} is in ${bare(file)} now.`];
  for (const path of made) lines.push(show`A secret of it is in ${bare(path)}, which only you can read.`);
  if (!starts) lines.push(show`Before it starts, it waits for: gateward server approve ${bare(name)}`);
  lines.push(show`A gateway that runs with this file takes it up within seconds.`);
  for (const { text } of lines) terminal.say(text);
}
