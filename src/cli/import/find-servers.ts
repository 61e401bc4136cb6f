import type { ClientFile, Part } from '../../guard/seal/client-file.ts';
import { BrokenDocument } from '../../guard/seal/formats/broken-document.ts';
import { isTree, makeTree, valueAt } from '../../guard/seal/formats/tree.ts';
import { pointsAtGateway } from '../../guard/seal/points-at-gateway.ts';
import { readClientFile } from '../../guard/seal/read-client-file.ts';
import { readServers, type ServerEntry } from '../../guard/seal/server-entry.ts';

/** A server of a client, with its entry as it stands in the file. */
export interface FoundServer extends ServerEntry {
  readonly written: unknown;
}

/** A client's file with servers in it. */
export interface ServerFile {
  readonly file: ClientFile;
  /** Those that do not lead to the gateway yet. */
  readonly servers: readonly FoundServer[];
  /** Keys to the entry that leads to the gateway already, if there is one. */
  readonly gatewayPath: readonly string[] | undefined;
  /** Names that are taken beside the first list of servers. */
  readonly names: ReadonlySet<string>;
}

/** What stands in the files of the clients. */
export interface FoundServers {
  readonly files: readonly ServerFile[];
  /** Files that cannot be read as what they should be, each with why. */
  readonly broken: readonly { readonly path: string; readonly reason: string }[];
}

/** Reads the servers out of the files of clients, as many as are there. Starts nothing. */
export async function findServers(
  clientFiles: readonly ClientFile[],
  gateways: readonly string[],
): Promise<FoundServers> {
  const files: ServerFile[] = [];
  const broken: { path: string; reason: string }[] = [];
  const seen = new Set<string>();
  for (const file of clientFiles.filter(hasServers)) {
    const reading = await readClientFile(file);
    if (reading.state === 'broken') broken.push({ path: file.path, reason: reading.reason });
    if (reading.state !== 'read' || seen.has(reading.realPath)) continue;
    seen.add(reading.realPath);
    const all = readServers(file, reading.parts.map(flatten)).map((server) => ({
      ...server,
      // As it stands in the file, however it was read.
      written: valueAt(reading.document, server.path),
    }));
    const servers = all.filter((server) => !pointsAtGateway(server, gateways) && !isBuiltIn(server));
    const ours = all.find((server) => pointsAtGateway(server, gateways));
    files.push({ file, servers, gatewayPath: ours?.path, names: new Set(all.map(({ name }) => name)) });
  }
  return { files, broken };
}

function hasServers({ selectors }: ClientFile): boolean {
  return selectors.some(({ kind }) => kind === 'server');
}

/** The older list of Continue has each server below `transport`; Zed had a command with its variables in one object. */
function flatten(part: Part): Part {
  if (part.kind !== 'server') return part;
  if (!Array.isArray(part.value)) return { ...part, value: liftEnv(part.value) };
  const items: readonly unknown[] = part.value;
  const value = items.map((item) => {
    const inner = isTree(item) ? item['transport'] : undefined;
    return isTree(item) && isTree(inner)
      ? makeTree([...Object.entries(item), ...Object.entries(inner)])
      : item;
  });
  return { ...part, value };
}

function liftEnv(value: unknown): unknown {
  if (!isTree(value) || !isTree(value['command'])) return value;
  const { env } = value['command'];
  return isTree(env) ? makeTree([...Object.entries(value), ['env', env]]) : value;
}

/** Extensions that are part of the client itself (Goose). */
function isBuiltIn({ value, transport }: ServerEntry): boolean {
  const type = isTree(value) ? value['type'] : undefined;
  return transport === 'unknown' && (type === 'builtin' || type === 'platform' || type === 'frontend');
}

/** Where a file lists servers for everything that its client does: the keys to the list. */
export function listOf({ path, selectors }: ClientFile): readonly string[] {
  const servers = selectors.filter(({ kind }) => kind === 'server');
  const plain = servers.find(({ at }) => at.at(-1) === '*' && !at.slice(0, -1).includes('*'));
  if (plain === undefined) throw new BrokenDocument(`${path} has no list of servers for all`);
  return plain.at.slice(0, -1);
}
