import { GatewardError } from '../errors.ts';
import { refuse } from './answer.ts';
import { allowAnyone } from './cors.ts';
import type { Page, PageExchange, ServerPath } from './routes.ts';

/** A document as it is published. `etag` is a whole entity tag, quotes included (RFC 9110 §8.8.3). */
export interface PublishedDocument {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly mediaType: string;
}

/** What is published about servers. `baseUrl` is scheme and authority as the reader sees them. */
export interface CardSource {
  /** The Server Card; undefined for a server that is not public. */
  card(server: string, baseUrl: string): Published;
  aiCatalog(baseUrl: string): Published;
}

type Published = PublishedDocument | undefined | Promise<PublishedDocument | undefined>;

/** The Server Card of each server, below its endpoint, and the AI Catalog (Server Card discovery, AI Catalog §Discovery). */
export function cardPages(servers: readonly ServerPath[], source: CardSource): readonly Page[] {
  const cards = servers.map(({ name, path }) =>
    documentPage(`${path}/server-card`, ({ baseUrl }) => source.card(name, baseUrl)),
  );
  const catalog = documentPage('/.well-known/ai-catalog.json', ({ baseUrl }) => source.aiCatalog(baseUrl));
  return [...cards, catalog];
}

function documentPage(path: string, read: (exchange: PageExchange) => Published): Page {
  return {
    path,
    audience: 'public',
    async handle(exchange) {
      const { request, response } = exchange;
      allowAnyone(response);
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        refuse(response, new GatewardError('HTTP_METHOD_NOT_ALLOWED'), { allow: 'GET, HEAD' });
        return;
      }
      const document = await read(exchange);
      if (document === undefined) refuse(response, new GatewardError('PATH_NOT_FOUND'));
      else answerDocument(exchange, document);
    },
  };
}

function answerDocument({ request, response }: PageExchange, document: PublishedDocument): void {
  const head = { 'Cache-Control': 'public, max-age=3600', ETag: document.etag };
  const asked = request.headers['if-none-match'];
  if (asked !== undefined && matchesTag(asked, document.etag)) {
    response.writeHead(304, head);
    response.end();
    return;
  }
  response.writeHead(200, {
    ...head,
    'Content-Type': document.mediaType,
    'Content-Length': document.bytes.length,
  });
  response.end(document.bytes);
}

/** If-None-Match compares weakly (RFC 9110 §13.1.2). */
function matchesTag(asked: string, etag: string): boolean {
  if (asked.trim() === '*') return true;
  const opaque = (tag: string) => tag.trim().replace(/^W\//, '');
  return asked.split(',').some((tag) => opaque(tag) === opaque(etag));
}
