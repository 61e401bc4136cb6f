import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isMap, isScalar, isSeq, type Scalar } from 'yaml';
import { formatKeyPath, type KeyPath } from './key-path.ts';
import { keyText, placeAt, type YamlText } from './locate.ts';
import type { ConfigProblem } from './types.ts';

/** Where substituted texts come from. */
export interface SubstitutionSource {
  readonly variables: Readonly<Record<string, string>>;
  /** Absolute path of the folder that relative paths in `${file:...}` start from. */
  readonly folder: string;
}

/** What a substitution found. */
export interface Substitution {
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly string[];
  /** The scalars that were changed: a number may be made of their text. */
  readonly changed: ReadonlySet<unknown>;
  /** Keys, as `formatKeyPath` writes them, whose value could not be made. */
  readonly failed: ReadonlySet<string>;
  /** Substituted texts that a log must not show. */
  readonly secrets: readonly string[];
  /** Absolute paths of the files that were asked for. */
  readonly files: readonly string[];
}

/** `$${` is a plain `${`; the group is what stands between the braces; a `${` without an end matches alone. */
const MARK = /\$\$\{|\$\{([^{}]*)\}|\$\{/g;
const VARIABLE = /^[A-Za-z_]\w*$/;
const MAX_FILE_BYTES = 1_048_576;

/** Whether a text of the file is filled from elsewhere; one that only says `$${` is not. */
export function hasReference(text: string): boolean {
  return [...text.matchAll(MARK)].some(([mark]) => mark !== '$${');
}

/** Variables whose value is no secret, so that a log may show it wherever it was substituted. */
const PLAIN_VARIABLES = new Set(
  'HOME USER LOGNAME USERNAME USERPROFILE PATH PWD SHELL LANG TZ HOSTNAME TMPDIR TMP TEMP'.split(' '),
);
/** The keys of an upstream whose values may be or carry secrets. */
const SECRET_UPSTREAM_KEYS = new Set(['url', 'headers', 'args', 'env', 'proxy']);

interface Text {
  readonly scalar: Scalar<string>;
  readonly path: KeyPath;
}

/**
 * Puts environment variables and files in place of `${NAME}` and `${file:PATH}` in every string value of the document,
 * which it changes. One newline at the end of a file is dropped. What is missing is a problem that names the variable
 * or the path, never a value.
 */
export async function substitute(text: YamlText, source: SubstitutionSource): Promise<Substitution> {
  const found: Text[] = [];
  collect(text.document.contents, [], found);
  const asked = new Set(found.flatMap(({ scalar }) => filesIn(scalar.value)));
  const files = new Map<string, string>();
  const contents = new Map<string, FileText>();
  for (const path of asked) {
    const absolute = resolve(source.folder, path);
    files.set(path, absolute);
    contents.set(path, await readText(absolute));
  }
  const result = { problems: [], warnings: [], changed: new Set(), failed: new Set<string>(), secrets: [] };
  const work: Work = { ...result, text, variables: source.variables, contents };
  for (const each of found) fill(work, each);
  return { ...result, secrets: [...new Set<string>(result.secrets)], files: [...files.values()] };
}

interface Work {
  readonly text: YamlText;
  readonly variables: Readonly<Record<string, string>>;
  readonly contents: ReadonlyMap<string, FileText>;
  readonly problems: ConfigProblem[];
  readonly warnings: string[];
  readonly changed: Set<unknown>;
  readonly failed: Set<string>;
  readonly secrets: string[];
}

function collect(node: unknown, path: KeyPath, found: Text[]): void {
  if (isTextScalar(node)) {
    if (node.value.includes('${')) found.push({ scalar: node, path });
  } else if (isMap(node)) {
    for (const { key, value } of node.items) collect(value, [...path, keyText(key) ?? '?'], found);
  } else if (isSeq(node)) {
    node.items.forEach((item, index) => {
      collect(item, [...path, index], found);
    });
  }
}

function isTextScalar(node: unknown): node is Scalar<string> {
  return isScalar(node) && typeof node.value === 'string';
}

function filesIn(value: string): string[] {
  return [...value.matchAll(MARK)].flatMap(([, inner]) =>
    inner?.startsWith('file:') ? [inner.slice(5)] : [],
  );
}

function fill(work: Work, { scalar, path }: Text): void {
  const key = formatKeyPath(path);
  const place = placeAt(work.text.lines, scalar.range?.[0] ?? 0);
  scalar.value = scalar.value.replace(MARK, (mark, inner: string | undefined) => {
    if (mark === '$${') return '${';
    const answer = look(work, inner);
    if ('fault' in answer) {
      work.problems.push({ ...place, key, message: answer.fault });
      work.failed.add(key);
      return mark;
    }
    if (answer.value === '') work.warnings.push(`line ${place.line}: ${answer.name} in ${key} is empty.`);
    if (answer.secret || !isPlainPlace(path, answer.name)) work.secrets.push(answer.value);
    return answer.value;
  });
  work.changed.add(scalar);
}

type Answer =
  | { readonly fault: string }
  | { readonly name: string; readonly value: string; readonly secret: boolean };

function look(work: Work, inner: string | undefined): Answer {
  if (inner === undefined) {
    return { fault: `A "\${" has no "}" after it. Close it, or write "$\${" for the characters themselves.` };
  }
  if (inner.startsWith('file:')) {
    const path = inner.slice(5);
    const content = work.contents.get(path) ?? { fault: 'cannot be read' };
    if ('fault' in content) return { fault: `The file "${path}" of a \${file:...} ${content.fault}.` };
    return { name: `the file "${path}"`, value: content.value, secret: true };
  }
  if (!VARIABLE.test(inner)) {
    return {
      fault: `"\${${inner}}" is neither \${NAME} nor \${file:PATH}. Write "$\${" for the characters "\${" themselves.`,
    };
  }
  if (!Object.hasOwn(work.variables, inner)) {
    const hint = inner === 'GATEWARD_SECRET' ? ' It is for the gateway alone and cannot be used here.' : '';
    return { fault: `The environment variable ${inner} is not set. Set it before the start.${hint}` };
  }
  return { name: inner, value: work.variables[inner] ?? '', secret: false };
}

function isPlainPlace([first, , third]: KeyPath, name: string): boolean {
  if (PLAIN_VARIABLES.has(name) || first !== 'upstreams') return true;
  return !SECRET_UPSTREAM_KEYS.has(String(third));
}

type FileText = { readonly value: string } | { readonly fault: string };

async function readText(path: string): Promise<FileText> {
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) return { fault: `is larger than ${MAX_FILE_BYTES} bytes` };
    const bytes = await readFile(path);
    const value = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { value: value.replace(/\r?\n$/, '') };
  } catch (error) {
    return { fault: faultOfRead(error) };
  }
}

/** Why a file could not be read, as the end of a sentence. */
export function faultOfRead(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'does not exist';
    case 'EACCES':
    case 'EPERM':
      return 'may not be read by this user';
    case 'EISDIR':
      return 'is a folder';
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return 'is not UTF-8 text';
    default:
      return 'cannot be read';
  }
}
