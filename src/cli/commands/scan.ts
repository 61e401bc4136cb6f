import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { readEnvironment } from '../../config/env.ts';
import { loadConfig } from '../../config/load.ts';
import { faultOfRead } from '../../config/substitute.ts';
import { GatewardError } from '../../errors.ts';
import type { Finding } from '../../guard/scan/rule.ts';
import { scanDefinitions } from '../../guard/scan/scan-definition.ts';
import { chooseConfig } from '../choose-config.ts';
import { countThings } from '../count-things.ts';
import { EXIT } from '../exit-codes.ts';
import { formatTable } from '../format-table.ts';
import { nameInput } from '../name-input.ts';
import { configOfUrl } from '../scan/config-of-url.ts';
import { scanLive } from '../scan/scan-live.ts';
import { bySeverity, showText } from '../scan/show.ts';
import { toSarif } from '../scan-sarif.ts';
import type { Terminal } from '../terminal.ts';

/** What `gateward scan` is given. */
export interface ScanOptions {
  /** Path of a JSON file with definitions, `-` for standard input, or path of a configuration. */
  readonly file?: string | undefined;
  /** Path of the configuration whose upstreams are scanned, where neither a file nor a URL is given. */
  readonly config?: string | undefined;
  /** The MCP endpoint of a server to scan. */
  readonly url?: string | undefined;
  /** `NAME: VALUE` each, for the URL. */
  readonly headers?: readonly string[];
  /** PEM file of the authorities that may sign for the server at the URL. */
  readonly ca?: string | undefined;
  readonly isSarif: boolean;
  readonly version: string;
}

const HEAD: readonly string[] = ['SEVERITY', 'TOOL', 'RULE', 'PLACE', 'REASON'];
/** Larger files are no lists of tools. */
const MAX_CHARS = 256 * 1024 * 1024;

/**
 * `gateward scan`: looks for poisoned text in the definitions of a file, each as if its server were alone, or in
 * everything that live servers offer. Ends with 1 if something should be blocked, with 3 if nothing was found and a
 * server could not be asked.
 *
 * @throws GatewardError INPUT_UNREADABLE for a file that cannot be read or holds no tool definitions, and what reading
 * a configuration throws.
 */
export async function scan(options: ScanOptions, terminal: Terminal): Promise<number> {
  const { file, url, headers = [], ca, isSarif, version } = options;
  const environment = readEnvironment();
  if (url !== undefined) {
    if (file !== undefined) throw invalid('Give a file or --url, not both.');
    const loaded = await configOfUrl({ url, headers, ca }, environment);
    return scanLive({ loaded, environment, uri: url, isSarif, version }, terminal);
  }
  const text = file === undefined || isYaml(file) ? undefined : await readInput(file);
  if (file !== undefined && text !== undefined) {
    const value = parse(text, file);
    if (!isConfig(value)) return scanFile(readDefinitions(value, file), { file, isSarif, version }, terminal);
  }
  const uri = file ?? chooseConfig(options.config, environment);
  const loaded = await loadConfig({ file: uri, env: environment });
  return scanLive({ loaded, environment, uri, isSarif, version }, terminal);
}

function isYaml(file: string): boolean {
  return /\.ya?ml$/i.test(file);
}

/** A configuration may be written in JSON too. */
function isConfig(value: unknown): boolean {
  return isObject(value) && 'upstreams' in value;
}

interface ScannedFile {
  readonly file: string;
  readonly isSarif: boolean;
  readonly version: string;
}

function scanFile(definitions: readonly unknown[], scanned: ScannedFile, terminal: Terminal): number {
  const { file, isSarif, version } = scanned;
  const findings = scanDefinitions(definitions);
  if (isSarif) terminal.emit(toSarif(findings, { uri: file === '-' ? 'stdin' : file, version }));
  else terminal.emit({ findings });
  terminal.say(describe(findings, definitions.length));
  return findings.some(({ severity }) => severity === 'block') ? EXIT.failed : EXIT.ok;
}

async function readInput(file: string): Promise<string> {
  try {
    return file === '-' ? await readAll(process.stdin) : await readFile(file, 'utf8');
  } catch (cause) {
    throw invalid(`${nameInput(file)} ${faultOfRead(cause)}.`, cause);
  }
}

function parse(text: string, file: string): unknown {
  if (text.length > MAX_CHARS) throw invalid(`${nameInput(file)} is larger than 256 MB.`);
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw invalid(`${nameInput(file)} is not valid JSON.`, cause);
  }
}

function readDefinitions(value: unknown, file: string): readonly unknown[] {
  const list = findTools(value);
  if (list === undefined)
    throw invalid(`${nameInput(file)} is neither an array of tool definitions nor a tools/list result.`);
  return list;
}

/** An array of definitions, a result with `tools`, or a whole JSON-RPC answer around that. */
function findTools(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value.every(isObject) ? value : undefined;
  if (!isObject(value)) return undefined;
  if ('tools' in value) return Array.isArray(value.tools) ? findTools(value.tools) : undefined;
  return 'result' in value && isObject(value.result) && 'tools' in value.result
    ? findTools(value.result)
    : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(detail: string, cause?: unknown): GatewardError {
  return new GatewardError('INPUT_UNREADABLE', { detail, cause });
}

function describe(findings: readonly Finding[], count: number): string {
  const blocked = new Set(findings.filter(({ severity }) => severity === 'block').map(({ index }) => index))
    .size;
  const summary = `${countThings(count, 'tool definition')}, ${blocked} to block, ${countThings(findings.length, 'finding')}.`;
  if (findings.length === 0) return summary;
  return `${formatTable([HEAD, ...bySeverity(findings).map(rowOf)])}\n\n${summary}`;
}

function rowOf({ severity, tool, index, rule, path, reason }: Finding): readonly string[] {
  return [
    severity,
    showText(tool === '' ? `#${index}` : tool),
    rule,
    showText(path === '' ? '/' : path),
    showText(reason),
  ];
}
