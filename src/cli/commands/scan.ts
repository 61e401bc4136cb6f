import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { GatewardError } from '../../errors.ts';
import type { Finding, Severity } from '../../guard/scan/rule.ts';
import { scanDefinitions } from '../../guard/scan/scan-definition.ts';
import { nameCharacter } from '../../lib/hidden-text.ts';
import { EXIT } from '../exit-codes.ts';
import { formatTable } from '../format-table.ts';
import { toSarif } from '../scan-sarif.ts';
import type { Terminal } from '../terminal.ts';

/** What `gateward scan` is given. */
export interface ScanOptions {
  /** Path of a JSON file; `-` is standard input. */
  readonly file: string;
  readonly isSarif: boolean;
  readonly version: string;
}

const HEAD: readonly string[] = ['SEVERITY', 'TOOL', 'RULE', 'PLACE', 'REASON'];
const ORDER: readonly Severity[] = ['block', 'warn', 'info'];
/** Larger files are no lists of tools. */
const MAX_CHARS = 256 * 1024 * 1024;

/**
 * `gateward scan FILE`: scans tool definitions, each as if its server were alone. Ends with 1 if one should be blocked.
 *
 * @throws GatewardError INPUT_UNREADABLE for a file that cannot be read or holds no tool definitions.
 */
export async function scan({ file, isSarif, version }: ScanOptions, terminal: Terminal): Promise<number> {
  const definitions = readDefinitions(await readInput(file), file);
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
    throw invalid(`${file} cannot be read.`, cause);
  }
}

function readDefinitions(text: string, file: string): readonly unknown[] {
  if (text.length > MAX_CHARS) throw invalid(`${file} is larger than 256 MB.`);
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw invalid(`${file} is not valid JSON.`, cause);
  }
  const list = findTools(value);
  if (list === undefined)
    throw invalid(`${file} is neither an array of tool definitions nor a tools/list result.`);
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
  const summary = `${count} tool definitions, ${blocked} to block, ${findings.length} findings.`;
  if (findings.length === 0) return summary;
  const sorted = [...findings].sort(
    (a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity) || a.index - b.index,
  );
  return `${formatTable([HEAD, ...sorted.map(rowOf)])}\n\n${summary}`;
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

/** What a stranger wrote, safe for a terminal: characters that cannot be seen are named. */
function showText(text: string): string {
  return text.replaceAll(/[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu, (char) =>
    char === ' ' ? char : `<${nameCharacter(char)}>`,
  );
}
