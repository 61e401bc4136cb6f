import type { ClientFile, Part } from './client-file.ts';
import { isTree, membersOf, type Tree } from './formats/tree.ts';

/** A server as an entry of a client's configuration describes it, whatever words the client has for it. */
export interface ServerEntry {
  readonly client: string;
  /** Path of the file. */
  readonly file: string;
  /** Keys from the root of the document to the entry. */
  readonly path: readonly string[];
  readonly name: string;
  readonly isEnabled: boolean;
  /** `unknown`: neither a command nor a URL. */
  readonly transport: 'stdio' | 'http' | 'sse' | 'unknown';
  readonly command?: string;
  readonly args: readonly string[];
  /** Values as they stand there: plain, or with the client's own placeholders such as `${TOKEN}`. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly url?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Headers whose values the client reads from variables of its environment, by the variable. */
  readonly headerVariables: Readonly<Record<string, string>>;
  /** Variable that holds a bearer token. */
  readonly bearerVariable?: string;
  /** The entry itself. */
  readonly value: unknown;
}

/** The servers among the parts of a file. */
export function readServers(file: ClientFile, parts: readonly Part[]): readonly ServerEntry[] {
  return parts.filter(({ kind }) => kind === 'server').flatMap((part) => readEach(file, part));
}

/** Most parts are one server; a list as a whole is several. */
function readEach(file: ClientFile, part: Part): readonly ServerEntry[] {
  if (!Array.isArray(part.value)) return [readServer(file, part)];
  return membersOf(part.value).map(([name, value]) =>
    readServer(file, { ...part, name, value, path: [...part.path, name] }),
  );
}

function readServer(file: ClientFile, { name, path, value }: Part): ServerEntry {
  const entry = isTree(value) ? value : {};
  const [command, ...args] = commandOf(entry);
  // Windsurf: serverUrl; Gemini CLI: httpUrl beside url, which is SSE there; Goose: uri.
  const url = textIn(entry, ['httpUrl', 'serverUrl', 'url', 'uri']);
  const cwd = textIn(entry, ['cwd', 'workingDirectory']);
  const bearerVariable = textIn(entry, ['bearer_token_env_var']);
  return {
    client: file.client,
    file: file.path,
    path,
    name,
    isEnabled: entry['enabled'] !== false && entry['disabled'] !== true,
    transport: command !== undefined ? 'stdio' : url === undefined ? 'unknown' : transportOf(file, entry),
    ...(command === undefined ? {} : { command }),
    args,
    // Goose: envs; opencode: environment.
    env: textsIn(entry, ['env', 'envs', 'environment']),
    ...(cwd === undefined ? {} : { cwd }),
    ...(url === undefined ? {} : { url }),
    // Codex: http_headers; Continue: requestOptions.headers.
    headers: {
      ...textsIn(entry, ['headers', 'http_headers']),
      ...textsIn(treeIn(entry, 'requestOptions'), ['headers']),
    },
    headerVariables: textsIn(entry, ['env_http_headers']),
    ...(bearerVariable === undefined ? {} : { bearerVariable }),
    value,
  };
}

/** The program and its arguments. opencode has them in one list, Zed had them in an object, Goose says `cmd`. */
function commandOf(entry: Tree): readonly string[] {
  const { command } = entry;
  if (Array.isArray(command)) return command.map(String);
  if (isTree(command)) return [...textsOf(command['path']), ...textsOf(command['args'])];
  const program = textIn(entry, ['command', 'cmd']);
  return program === undefined ? [] : [program, ...textsOf(entry['args'])];
}

function transportOf({ client }: ClientFile, entry: Tree): 'http' | 'sse' {
  const type = textIn(entry, ['type', 'transport', 'transportType'])?.toLowerCase();
  if (type !== undefined) return type === 'sse' ? 'sse' : 'http';
  return client === 'gemini-cli' && entry['httpUrl'] === undefined ? 'sse' : 'http';
}

function textIn(entry: Tree, keys: readonly string[]): string | undefined {
  return keys.map((key) => entry[key]).find((value) => typeof value === 'string');
}

function textsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'string' ? [value] : [];
}

function treeIn(entry: Tree, key: string): Tree {
  const value = entry[key];
  return isTree(value) ? value : {};
}

function textsIn(entry: Tree, keys: readonly string[]): Readonly<Record<string, string>> {
  const members = keys.flatMap((key) => Object.entries(treeIn(entry, key)));
  return Object.fromEntries(members.map(([key, value]) => [key, String(value)]));
}
