import { createHash } from 'node:crypto';
import type { JsonText } from '../lib/json-text.ts';
import { META_KEYS } from '../wire/meta-keys.ts';

/** A document for strangers, ready to be served. */
export interface PublicDocument {
  readonly mediaType: string;
  readonly bytes: Buffer;
  /** A strong entity tag (RFC 9110 §8.8.3). */
  readonly etag: string;
}

/** A server that is announced. */
export interface AnnouncedServer {
  readonly name: string;
  /** Path of its MCP endpoint. */
  readonly path: string;
  readonly title: string | undefined;
  readonly card: CardWords | undefined;
}

/** What the operator says in the card in place of what is found out. */
export interface CardWords {
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly description?: string | undefined;
}

/** What a card is made of. */
export interface CardParts {
  readonly server: AnnouncedServer;
  /** Scheme and authority that clients use, e.g. `https://mcp.example.com`. */
  readonly baseUrl: string;
  /** What the live server says of itself; undefined while it cannot be reached. */
  readonly discovered: JsonText | undefined;
  /** The revisions that the endpoint speaks. */
  readonly versions: readonly string[];
}

const SCHEMA = 'https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json';
const MAX_DESCRIPTION = 100;
const MAX_TITLE = 100;

/** The Server Card of a server (experimental-ext-server-card): what it is called and where it is, and nothing inside. */
export function writeCard({ server, baseUrl, discovered, versions }: CardParts): PublicDocument {
  const info = discovered?.at('_meta', META_KEYS.serverInfo);
  const title = server.title ?? info?.get('title')?.string();
  const card = {
    $schema: SCHEMA,
    name: cardName(server, baseUrl),
    version: server.card?.version ?? cut(info?.get('version')?.string(), 255) ?? '0.0.0',
    description: server.card?.description ?? describe(server, info),
    ...(title === undefined || title === '' ? {} : { title: cut(title, MAX_TITLE) }),
    remotes: [
      { type: 'streamable-http', url: `${baseUrl}${server.path}`, supportedProtocolVersions: versions },
    ],
  };
  return publish('application/mcp-server-card+json', card);
}

/** The catalog of all announced servers at `/.well-known/ai-catalog.json` (Agent-Card ai-catalog 1.0). */
export function writeAiCatalog(servers: readonly AnnouncedServer[], baseUrl: string): PublicDocument {
  const domain = new URL(baseUrl).hostname;
  const mediaType = 'application/mcp-server-card+json';
  return publish('application/ai-catalog+json', {
    specVersion: '1.0',
    entries: servers.map((server) => ({
      identifier: `urn:air:${domain}:mcp:${server.name}`,
      displayName: server.title ?? server.name,
      // The catalog's specification calls the kind mediaType, the card's calls it type: readers of both find it.
      type: mediaType,
      mediaType,
      url: `${baseUrl}${server.path}/server-card`,
    })),
  });
}

/** The operator's name for it, or the reversed host of the public URL and the server's name. */
function cardName(server: AnnouncedServer, baseUrl: string): string {
  if (server.card?.name !== undefined) return server.card.name;
  const host = new URL(baseUrl).hostname;
  const isName = /^[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(host) && !/^\d+(\.\d+){3}$/.test(host);
  const namespace = isName ? host.split('.').reverse().join('.') : 'localhost';
  return `${namespace}/${server.name}`;
}

function describe(server: AnnouncedServer, info: JsonText | undefined): string {
  const said = cut(info?.get('description')?.string()?.replace(/\s+/g, ' ').trim(), MAX_DESCRIPTION);
  return said === undefined || said === '' ? `The MCP server ${server.name}` : said;
}

function cut(text: string | undefined, length: number): string | undefined {
  if (text === undefined || text.length <= length) return text;
  return `${text.slice(0, length - 1)}…`;
}

function publish(mediaType: string, document: unknown): PublicDocument {
  const bytes = Buffer.from(JSON.stringify(document), 'utf8');
  const digest = createHash('sha256').update(bytes).digest('base64url').slice(0, 27);
  return { mediaType, bytes, etag: `"${digest}"` };
}
