/** A server that tells what it should not, in every place where a server can; of both eras, over HTTP and stdio. */
import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Json } from '../../support/front-door.ts';
import { startHttpUpstream } from '../../support/http-upstream.ts';

/** One request and the ways to answer it. */
interface Turn {
  readonly message: Json;
  readonly respond: (outcome: Json, cutAt?: number) => Promise<void>;
  readonly notify: (method: string, params: Json) => void;
}

const PARTS = 'text blocks structured named rows links fault progress onward log cut slow ask'.split(' ');

/** What it answers. `secret` and `order` stand in all of it. */
export function answerTelling({ message, respond, notify }: Turn, secret: string, order: string): unknown {
  const params = (message['params'] ?? {}) as Json;
  const meta = (params['_meta'] ?? {}) as Json;
  const args = (params['arguments'] ?? {}) as Json;
  const text = `Here: ${secret}. ${order}`;
  const block = (value: string): Json => ({ type: 'text', text: value });
  const half = secret.length / 2;
  const progressToken = meta['progressToken'];
  const done = (result: Json, cutAt?: number) =>
    respond({ result: { resultType: 'complete', ...result } }, cutAt);
  switch (message['method']) {
    case 'server/discover':
      return done({
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: {}, resources: {}, prompts: {}, logging: {}, completions: {} },
        serverInfo: { name: 'telling', version: '1.0.0' },
        ttlMs: 0,
        cacheScope: 'private',
      });
    case 'initialize':
      return respond({
        result: {
          protocolVersion: params['protocolVersion'],
          capabilities: { tools: {}, resources: {}, prompts: {}, logging: {}, completions: {} },
          serverInfo: { name: 'telling', version: '1.0.0' },
        },
      });
    case 'tools/list':
      return done({
        tools: PARTS.map((name) => ({ name, inputSchema: { type: 'object' } })),
        ttlMs: 0,
        cacheScope: 'private',
      });
    case 'resources/list':
      return done({ resources: [{ uri: 'note://one', name: 'one' }], ttlMs: 0, cacheScope: 'private' });
    case 'prompts/list':
      return done({ prompts: [{ name: 'one' }], ttlMs: 0, cacheScope: 'private' });
    case 'resources/read':
      return done({ contents: [{ uri: 'note://one', text }], ttlMs: 0, cacheScope: 'private' });
    case 'prompts/get':
      return done({ description: text, messages: [{ role: 'user', content: block(text) }] });
    case 'completion/complete':
      return done({ completion: { values: [text] } });
    case 'tools/call':
      break;
    default:
      return respond({ result: { resultType: 'complete' } });
  }
  switch (params['name']) {
    case 'cut':
      return done({ content: [block(text)] }, Number(args['at']));
    case 'blocks':
      return done({
        content: [
          block(secret.slice(0, half)),
          block(secret.slice(half)),
          block(order.slice(0, 9)),
          block(order.slice(9)),
        ],
      });
    case 'structured':
      return done({ content: [], structuredContent: { deep: [{ note: text }] } });
    case 'named':
      return done({ content: [], structuredContent: { [secret]: { [order]: 1 } } });
    case 'rows':
      return done({
        content: [],
        structuredContent: {
          rows: [secret.slice(0, half), secret.slice(half)].map((note, id) => ({ id, note, state: 'open' })),
          lines: [order.slice(0, 9), order.slice(9)],
        },
      });
    case 'links': {
      const parts = [secret.slice(0, half), secret.slice(half), order.slice(0, 9), order.slice(9)];
      return done({
        content: parts.map((description) => ({
          type: 'resource_link',
          uri: 'note://one',
          name: 'one',
          description,
        })),
      });
    }
    case 'onward':
      notify('notifications/progress', { progressToken, progress: 1, message: order.slice(0, 9) });
      notify('notifications/progress', { progressToken, progress: 2, message: order.slice(9, 14) });
      notify('notifications/progress', { progressToken, progress: 3, message: secret.slice(0, 9) });
      return done({ content: [block(secret.slice(9)), block(order.slice(14))] });
    case 'fault':
      return respond({ error: { code: -32_050, message: text, data: { more: [text] } } });
    case 'progress':
      notify('notifications/progress', { progressToken, progress: 1, message: text });
      return done({ content: [block('done')] });
    case 'log':
      notify('notifications/message', { level: 'error', data: { text } });
      notify('notifications/message', { level: 'error', data: secret.slice(0, 6) });
      notify('notifications/message', { level: 'error', data: secret.slice(6) });
      return done({ content: [block('done')] });
    case 'slow':
      notify('notifications/progress', { progressToken, progress: 1, message: 'begun' });
      return wait(1500, undefined, { ref: false }).then(() => done({ content: [block('done')] }));
    case 'ask':
      return respond({
        result: {
          resultType: 'input_required',
          requestState: 'kept',
          inputRequests: {
            name: {
              method: 'elicitation/create',
              params: {
                mode: 'form',
                message: text,
                requestedSchema: {
                  type: 'object',
                  properties: { name: { type: 'string', description: text } },
                },
              },
            },
          },
        },
      });
    default:
      return done({ content: [block(text)] });
  }
}

/** Starts it over HTTP. `form`: whether results come as one JSON body or as a stream. */
export async function startTelling(secret: string, order: string) {
  const http = await startHttpUpstream(({ body, headers, req, res }) => {
    if (req.method !== 'POST') return void res.writeHead(405).end();
    const message: Json = JSON.parse(body);
    if (message['id'] === undefined) return void res.writeHead(202).end();
    if (message['method'] === 'subscriptions/listen') return void res.writeHead(404).end();
    // A server of the older era knows nothing of the newer.
    if (
      req.url === '/legacy' &&
      headers['mcp-protocol-version'] === '2026-07-28' &&
      message['method'] === 'server/discover'
    )
      return void writeJson(
        res,
        { jsonrpc: '2.0', id: message['id'], error: { code: -32_601, message: 'no such method' } },
        400,
      );
    const asStream = ((message['params'] as Json)?.['arguments'] as Json)?.['stream'] === true;
    let isStream = asStream;
    const open = (): void => {
      isStream = true;
      if (!res.headersSent) res.writeHead(200, { 'content-type': 'text/event-stream', ...session(req.url) });
    };
    answerTelling(
      {
        message,
        notify: (method, params) => {
          open();
          res.write(`data: ${JSON.stringify({ jsonrpc: '2.0', method, params })}\n\n`);
        },
        respond: async (outcome, cutAt) => {
          const whole = { jsonrpc: '2.0', id: message['id'], ...outcome };
          if (asStream) open();
          if (!res.headersSent)
            res.writeHead(200, { 'content-type': 'application/json', ...session(req.url) });
          await writeCut(res, isStream ? `data: ${JSON.stringify(whole)}\n\n` : JSON.stringify(whole), cutAt);
        },
      },
      secret,
      order,
    );
  });
  return { modern: http.url.href, legacy: new URL('/legacy', http.url).href, close: () => http.close() };
}

function session(path: string | undefined): Record<string, string> {
  return path === '/legacy' ? { 'mcp-session-id': 'one' } : {};
}

function writeJson(res: ServerResponse, body: Json, status = 200): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** In two chunks that travel apart, or whole. */
async function writeCut(res: ServerResponse, body: string, cutAt: number | undefined): Promise<void> {
  const bytes = Buffer.from(body);
  if (cutAt === undefined || Number.isNaN(cutAt)) return void res.end(bytes);
  const at = body.indexOf('Here:') + cutAt;
  res.write(bytes.subarray(0, at));
  await wait(3);
  res.end(bytes.subarray(at));
}
