import type { RelayTarget } from '../doors/stdio/stdio-relay.ts';
import { GatewardError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { JsonRefused } from '../lib/json-scan.ts';
import { JsonText } from '../lib/json-text.ts';
import type { Log } from '../lib/log.ts';
import type { HttpEndpoint } from '../upstream/http/http-endpoint.ts';
import { exchangeHttp, type HttpEnd } from '../upstream/http/http-exchange.ts';
import { failureOfStatus } from '../upstream/http/http-failure.ts';
import { isJson } from '../upstream/http/http-reply.ts';
import { createHttpTransport } from '../upstream/http/transport-http.ts';
import type { SseEvent } from '../wire/sse.ts';

/** What the way to a server is made of. */
export interface RelayTargetParts {
  readonly endpoint: HttpEndpoint;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

const POST_HEADERS = ['content-type', 'application/json', 'accept', 'application/json, text/event-stream'];

/** The way to one MCP server over HTTP, for the stdio door. */
export function createRelayTarget({ endpoint, ...rest }: RelayTargetParts): RelayTarget {
  return {
    openSession: () => createHttpTransport({ endpoint, ...rest }),
    post: async ({ message, headers, isEndless, signal, onMessage }) => {
      const end = await exchangeHttp({
        endpoint,
        method: 'POST',
        headers: [...POST_HEADERS, ...Object.entries(headers).flat()],
        body: message.bytes,
        pool: isEndless ? 'streams' : 'calls',
        signal,
        onEvent: (event) => {
          const json = messageOf(event);
          return json === undefined ? undefined : onMessage(json);
        },
      });
      if (end.kind === 'body') await onMessage(readBody(end));
      else if (end.error !== undefined) throw end.error;
    },
  };
}

/** The message of a body; a status without one says what went wrong. */
function readBody({ head, body }: HttpEnd & { kind: 'body' }): JsonText {
  const { status, headers } = head;
  const hasMessage = isJson(headers['content-type']) && body.length > 0;
  if (!hasMessage) throw failureOfStatus(status, headers);
  const json = parse(body);
  if (status > 299 && json.get('error')?.kind !== 'object') throw failureOfStatus(status, headers);
  return json;
}

function messageOf({ event, data }: SseEvent): JsonText | undefined {
  if (data === undefined || data.length === 0) return undefined;
  return event === '' || event === 'message' ? parse(data) : undefined;
}

function parse(bytes: Buffer): JsonText {
  try {
    return JsonText.parse(bytes);
  } catch (error) {
    if (!(error instanceof JsonRefused)) throw error;
    throw new GatewardError('UPSTREAM_INVALID', { detail: error.message });
  }
}
