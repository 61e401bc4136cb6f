import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { GatewardError } from '../errors.ts';
import { checkMeaning, type MeaningFault } from './check-meaning.ts';
import { checkSchema, placeFault } from './check-schema.ts';
import { findSecrets } from './find-secrets.ts';
import { formatKeyPath } from './key-path.ts';
import { keysInOrder, type YamlText } from './locate.ts';
import { parseYaml, plainValue } from './parse-yaml.ts';
import { resolveConfig } from './resolve.ts';
import { faultOfRead, substitute } from './substitute.ts';
import type { Config, ConfigProblem, Environment, LoadedConfig } from './types.ts';

/** Where a configuration comes from. */
export interface LoadOptions {
  /** Path of the file, as the operator wrote it: faults repeat it. */
  readonly file: string;
  readonly env: Pick<Environment, 'variables' | 'proxy'>;
  /**
   * Whether the gateway that is running asks for keys. It takes another `auth` up with a restart only, and so what
   * follows from it. Absent for a gateway that starts.
   */
  readonly keysAsked?: boolean;
}

const MAX_FILE_BYTES = 4_194_304;
const MAX_PROBLEMS = 100;

/**
 * Reads, checks and resolves a configuration file (YAML or JSON).
 *
 * @throws GatewardError CONFIG_UNREADABLE if the file cannot be read; CONFIG_INVALID with every fault in
 * `data.problems` ({@link ConfigProblem}) and, for people, in the message; INSECURE_LISTEN, with the same data, if the
 * only fault is an address beyond loopback.
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  return readConfig(await readConfigText(options.file), options);
}

/** The same for a text that is at hand; `file` says where its relative paths start. Throws as {@link loadConfig}. */
export async function readConfig(content: string, options: LoadOptions): Promise<LoadedConfig> {
  const { file, env } = options;
  const absolute = resolve(file);
  const folder = dirname(absolute);
  const text = parseYaml(content);
  if (text.problems.length > 0) throw invalid(file, text.problems);
  // Before anything is filled in, and with aliases followed: what an approval shows of a secret.
  const written = plain(text, file);
  const filled = await substitute(text, { variables: env.variables, folder });
  const value = plain(text, file);
  const checked = checkSchema(text, value, filled.changed);
  const meaning = await checkMeaning(value, { folder, proxy: env.proxy });
  const open = new Set(filled.failed);
  const problems = [
    ...filled.problems,
    ...checked.problems.filter(({ key }) => !open.has(key)),
    ...meaning.filter(({ path }) => !open.has(formatKeyPath(path))).map((fault) => placeFault(text, fault)),
  ];
  if (checked.file === undefined || problems.length > 0) throw refuse(file, problems, meaning);
  const config = resolveConfig(checked.file, {
    file: absolute,
    proxy: env.proxy,
    written,
    keysAsked: options.keysAsked ?? checked.file.auth.keys,
    keysOf: (path, map) => keysInOrder(text, path, map),
  });
  return Object.freeze({
    config,
    warnings: Object.freeze([...filled.warnings, ...findDoubts(config)]),
    secrets: findSecrets(config, filled.secrets),
    files: Object.freeze([absolute, ...filled.files]),
  });
}

async function readConfigText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE_BYTES) {
      throw new GatewardError('CONFIG_UNREADABLE', {
        detail: `${file} is larger than ${MAX_FILE_BYTES} bytes.`,
      });
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (error) {
    if (error instanceof GatewardError) throw error;
    throw new GatewardError('CONFIG_UNREADABLE', { detail: `${file} ${faultOfRead(error)}.`, cause: error });
  }
}

/** The plain value; an empty file is an empty configuration. */
function plain(text: YamlText, file: string): unknown {
  try {
    return plainValue(text.document) ?? {};
  } catch (cause) {
    const message = 'The YAML aliases of this file cannot be followed: too many, or one that holds itself.';
    throw invalid(file, [{ line: 1, column: 1, key: '', message }], cause);
  }
}

function refuse(
  file: string,
  problems: readonly ConfigProblem[],
  meaning: readonly MeaningFault[],
): GatewardError {
  if (problems.length === 1 && meaning.some(({ insecure }) => insecure === true)) {
    return new GatewardError('INSECURE_LISTEN', { detail: describe(file, problems), data: { problems } });
  }
  return invalid(file, problems);
}

function invalid(file: string, problems: readonly ConfigProblem[], cause?: unknown): GatewardError {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  return new GatewardError('CONFIG_INVALID', {
    detail: describe(file, sorted),
    data: { problems: sorted.slice(0, MAX_PROBLEMS) },
    cause,
  });
}

function describe(file: string, problems: readonly ConfigProblem[]): string {
  const lines = problems
    .slice(0, MAX_PROBLEMS)
    .map(
      ({ line, column, key, message }) =>
        `${file}:${line}:${column} ${key}${key === '' ? '' : ': '}${message}`,
    );
  const more = problems.length > MAX_PROBLEMS ? [`... and ${problems.length - MAX_PROBLEMS} more`] : [];
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return [`${count}:`, ...lines, ...more].join('\n  ');
}

/** What is allowed, but hardly meant. */
function findDoubts(config: Config): string[] {
  const doubts: string[] = [];
  if (config.upstreams.length === 0) {
    doubts.push(
      'No upstreams are configured: the gateway runs, but offers nothing. Name one under "upstreams".',
    );
  }
  if (config.launch.dangerouslyStartUnapproved) {
    doubts.push(
      '"launch.dangerouslyStartUnapproved" is true: every command of this file is started, whatever it is. Take it away and approve commands with: gateward server approve',
    );
  }
  for (const { name, sources } of config.servers) {
    for (const { upstream, tools, prompts, resources } of sources) {
      if ([tools, prompts, resources].every((list) => list?.length === 0)) {
        doubts.push(
          `The server "${name}" takes nothing from the upstream "${upstream}": all its lists are empty.`,
        );
      }
    }
  }
  return doubts;
}
