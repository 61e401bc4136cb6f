import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewardError } from '../errors.ts';
import { JsonRefused } from '../lib/json-scan.ts';
import { JsonText } from '../lib/json-text.ts';
import { isJsonBody } from '../lib/media-type.ts';
import { remember } from '../lib/remember.ts';
import { classify } from '../wire/classify.ts';
import { refuse, refuseUnread } from './answer.ts';
import type { Admitted } from './guard.ts';
import type { Doors, Rules } from './http-settings.ts';
import type { Exchange, PostExchange } from './legacy-door.ts';
import { answerModern } from './modern.ts';
import { readBody } from './read-body.ts';
import type { Page } from './routes.ts';
import type { Ticker } from './ticker.ts';

/** What every request is received with. */
export interface ReceiveContext {
  readonly rules: Rules;
  readonly doors: Doors;
  readonly ticker: Ticker;
  readonly maxQueuedBytes: number;
  /** Takes what a door or a page threw or rejected with. */
  readonly onCrash: (response: ServerResponse, thrown: unknown) => void;
}

const isJson = remember(isJsonBody);

/** Takes one admitted request to its door: by path, HTTP method and, for what is posted, by the era of its body. */
export function receive(
  request: IncomingMessage,
  response: ServerResponse,
  { admitted, context }: { readonly admitted: Admitted; readonly context: ReceiveContext },
): void {
  const { route } = admitted;
  const { doors } = context;
  if (route.kind === 'page') {
    guardCrash(context, response, () => handlePage(route.page, { request, response, admitted, context }));
    return;
  }
  const { path, query, baseUrl, remoteAddress } = admitted;
  const exchange: Exchange = { request, response, server: route.server, path, query, baseUrl, remoteAddress };
  if (route.kind === 'mcp') receiveMcp(exchange, context);
  else if (route.kind === 'sse' && request.method === 'GET') {
    guardCrash(context, response, () => doors.sse.open(exchange));
  } else if (route.kind === 'sse-messages' && request.method === 'POST') {
    readJson(exchange, context, (post) => doors.sse.post(post));
  } else refuse(response, notAllowed(), { allow: route.kind === 'sse' ? 'GET' : 'POST' });
}

function receiveMcp(exchange: Exchange, context: ReceiveContext): void {
  const { request, response } = exchange;
  const { legacy } = context.doors;
  // Only a legacy session has anything to get or delete (Streamable HTTP 2026-07-28 §Earlier Revisions).
  const inSession = request.headers['mcp-session-id'] !== undefined;
  if (request.method === 'POST') readJson(exchange, context, (post) => takePost(post, context));
  else if (inSession && request.method === 'GET') guardCrash(context, response, () => legacy.get(exchange));
  else if (inSession && request.method === 'DELETE') {
    guardCrash(context, response, () => legacy.delete(exchange));
  } else refuse(response, notAllowed(), { allow: 'POST' });
}

function takePost(post: PostExchange, context: ReceiveContext): void | Promise<void> {
  const { response } = post;
  const classified = classify(post.body, post.request.headers);
  if (classified.era === 'legacy') return context.doors.legacy.post(post);
  if (classified.era === 'refused') {
    const { code, id, detail, data } = classified;
    refuse(response, new GatewardError(code, { detail, data }), { id });
  } else if (classified.kind === 'notification') {
    return acceptNotification(post, context);
  } else {
    const { doors, ticker, maxQueuedBytes } = context;
    answerModern(post, classified, { handle: doors.modern, ticker, maxQueuedBytes });
  }
  return undefined;
}

/** The modern era has no notification that a client sends by POST and that means anything here. */
async function acceptNotification(
  { request, response }: PostExchange,
  context: ReceiveContext,
): Promise<void> {
  await context.doors.authenticate(request.headers);
  response.writeHead(202, { 'Content-Length': 0 });
  response.end();
}

/** Reads a posted body as strict JSON. Refuses other content types, sizes and texts itself. */
function readJson(
  exchange: Exchange,
  context: ReceiveContext,
  take: (post: PostExchange) => void | Promise<void>,
): void {
  const { request, response } = exchange;
  const { rules, ticker } = context;
  const typeError = checkContentType(request);
  if (typeError !== undefined) {
    refuseBody(exchange, typeError, ticker);
    return;
  }
  const { maxBodyBytes: maxBytes, bodyTimeoutMs: timeoutMs } = rules.settings;
  readBody(request, { maxBytes, timeoutMs, ticker }, (body) => {
    if (body instanceof GatewardError) {
      refuseBody(exchange, body, ticker);
      return;
    }
    guardCrash(context, response, () => {
      const json = parseStrictly(body);
      if (!(json instanceof GatewardError)) return take(withBody(exchange, json));
      refuse(response, json);
      return undefined;
    });
  });
}

/** Written out: spreading an object costs more than all of its members. */
function withBody(exchange: Exchange, body: JsonText): PostExchange {
  const { request, response, server, path, query, baseUrl, remoteAddress } = exchange;
  return { request, response, server, path, query, baseUrl, remoteAddress, body };
}

function checkContentType({ headers }: IncomingMessage): GatewardError | undefined {
  const type = headers['content-type'];
  if (type === undefined || !isJson(type)) return new GatewardError('MEDIA_TYPE_UNSUPPORTED');
  const coding = headers['content-encoding'];
  if (coding === undefined || coding.toLowerCase() === 'identity') return undefined;
  return new GatewardError('MEDIA_TYPE_UNSUPPORTED', { detail: 'Send it without Content-Encoding.' });
}

function parseStrictly(body: Buffer): JsonText | GatewardError {
  try {
    return JsonText.parse(body);
  } catch (thrown) {
    if (!(thrown instanceof JsonRefused)) throw thrown;
    const { reason, offset, message } = thrown;
    return new GatewardError('PARSE_ERROR', { detail: message, data: { reason, offset } });
  }
}

/** Small bodies that come anyway are dropped behind the answer; for others the connection is not worth keeping. */
const DROPPED_BYTES = 64 * 1024;

/** Refuses a request before its body was read to the end. */
export function refuseBody(
  { request, response }: Pick<Exchange, 'request' | 'response'>,
  error: GatewardError,
  ticker: Ticker,
): void {
  const { headers } = request;
  const small =
    headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= DROPPED_BYTES;
  if (error.code === 'BODY_TIMEOUT') response.shouldKeepAlive = false;
  if (small || error.code === 'BODY_TIMEOUT' || request.complete) refuse(response, error);
  else refuseUnread(request, response, { error, ticker });
}

interface PageRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly admitted: Admitted;
  readonly context: ReceiveContext;
}

function handlePage(page: Page, { request, response, admitted, context }: PageRequest): void | Promise<void> {
  const { rules, ticker } = context;
  const { path, query, baseUrl, remoteAddress, hostKnown } = admitted;
  const limits = { maxBytes: rules.settings.maxBodyBytes, timeoutMs: rules.settings.bodyTimeoutMs, ticker };
  const body = () =>
    new Promise<Buffer>((resolve, reject) => {
      readBody(request, limits, (result) =>
        result instanceof GatewardError ? reject(result) : resolve(result),
      );
    });
  return page.handle({ request, response, path, query, baseUrl, remoteAddress, hostKnown, readBody: body });
}

/** Runs what may throw or reject, and reports it. */
function guardCrash(
  context: ReceiveContext,
  response: ServerResponse,
  run: () => void | Promise<void>,
): void {
  try {
    const running = run();
    if (running !== undefined) running.catch((thrown: unknown) => context.onCrash(response, thrown));
  } catch (thrown) {
    context.onCrash(response, thrown);
  }
}

function notAllowed(): GatewardError {
  return new GatewardError('HTTP_METHOD_NOT_ALLOWED');
}
