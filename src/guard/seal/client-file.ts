/** How a file is written. `json` takes comments and trailing commas too, as most clients do. */
export type FileFormat = 'json' | 'toml' | 'yaml';

/**
 * What a part of a configuration is: a server that the client talks to, something that the client runs by itself, or a
 * flag by which it no longer asks.
 */
export type PartKind = 'server' | 'hook' | 'trust';

/** Where parts stand in a document. */
export interface Selector {
  readonly kind: PartKind;
  /**
   * Keys from the root. `*` is each member of an object, or each item of a list by its `name`. A last `*` makes a part
   * of each.
   */
  readonly at: readonly string[];
  /** A flag that protects: it is taking it away that matters. */
  readonly protects?: true;
}

/** A file of a client, with what in it is sealed. */
export interface ClientFile {
  /** Id of the client. */
  readonly client: string;
  /** Absolute. */
  readonly path: string;
  readonly format: FileFormat;
  /** `project`: the file travels with a folder, and may come from a stranger's repository. */
  readonly scope: 'user' | 'project';
  readonly selectors: readonly Selector[];
}

/** One sealed part of a file. */
export interface Part {
  readonly kind: PartKind;
  /** Keys from the root; an item of a list is named by its `name`. */
  readonly path: readonly string[];
  /** The path as a JSON Pointer (RFC 6901): the part's identity in its file. */
  readonly pointer: string;
  /** What people call it: the name of the server, of the hook's event, of the flag. */
  readonly name: string;
  readonly value: unknown;
  readonly protects?: true;
  /** A flag that says nothing, such as an empty list of allowed tools: clients write and drop them as they like. */
  readonly isIdle?: true;
}

/** Where a client keeps its files, as its documentation or source has it. */
export interface FileDescription {
  readonly scope: 'user' | 'project';
  /** A path that begins with one of the folders of `placeFile`, such as `{HOME}/.claude.json`. */
  readonly path: string;
  /** The same on Windows, where it differs. */
  readonly windows?: string;
  readonly format: FileFormat;
  readonly selectors: readonly Selector[];
}

/** A client whose configuration is known. */
export interface Client {
  /** As `--client` takes it. */
  readonly id: string;
  readonly name: string;
  /** Names of its processes. */
  readonly programs: readonly string[];
  readonly files: readonly FileDescription[];
}

/** A server that the client talks to. */
export function server(...at: readonly string[]): Selector {
  return { kind: 'server', at };
}

/** Something that the client runs by itself. */
export function hook(...at: readonly string[]): Selector {
  return { kind: 'hook', at };
}

/** A flag by which the client no longer asks. */
export function trust(...at: readonly string[]): Selector {
  return { kind: 'trust', at };
}

/** A flag that protects as long as it stands. */
export function protection(...at: readonly string[]): Selector {
  return { kind: 'trust', at, protects: true };
}

/** What most clients have: one list of servers. */
export const MCP_SERVERS: readonly Selector[] = [server('mcpServers', '*')];
/** A list of hooks by their events. */
export const HOOKS: readonly Selector[] = [hook('hooks', '*')];

/** Describes a file: the path says whose it is, its ending how it is written. `windows`: its path there, if another. */
export function fileAt(path: string, selectors: readonly Selector[], windows?: string): FileDescription {
  const scope = path.startsWith('{PROJECT}') ? 'project' : 'user';
  return { scope, path, format: formatOf(path), selectors, ...(windows === undefined ? {} : { windows }) };
}

function formatOf(path: string): FileFormat {
  if (path.endsWith('.toml')) return 'toml';
  return path.endsWith('.yaml') ? 'yaml' : 'json';
}
