import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';

/** A JSON-RPC message, as far as the rounds look at it. */
export interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string };
}

/** A request that was sent, and its response, whose body may still be on its way. */
export interface Exchange {
  readonly request: ClientRequest;
  readonly response: IncomingMessage;
  /** The messages of the body: one for JSON, one for each event of a stream. */
  messages(): AsyncGenerator<Message>;
  /** The first message that fits. Rejects if the body ends before. */
  find(fits: (message: Message) => boolean): Promise<Message>;
  /** The address of the event `endpoint` with which an HTTP+SSE stream begins. */
  endpoint(): Promise<string>;
  /** Closes the connection, whatever is on its way. */
  cut(): Promise<void>;
}

interface Sketch {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

const ANSWER_WITHIN_MS = 20_000;

/** Sends one request on a connection of its own. Rejects for an HTTP error. */
export async function exchange(url: string, sketch: Sketch = {}): Promise<Exchange> {
  const { method = 'POST', headers = {}, body } = sketch;
  const sent = request(url, {
    method,
    agent: false,
    headers: {
      accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  const [response]: IncomingMessage[] = await once(sent, 'response');
  if (response === undefined) throw new TypeError('no response');
  // A connection that is cut on purpose is no failure.
  sent.on('error', () => undefined);
  response.on('error', () => undefined);
  const opened = toExchange(sent, response);
  const { statusCode = 0 } = response;
  if (statusCode >= 300) {
    response.setEncoding('utf8');
    const text = (await response.toArray()).join('');
    throw new Error(`${method} ${url}: HTTP ${statusCode} ${text}`);
  }
  return opened;
}

function toExchange(sent: ClientRequest, response: IncomingMessage): Exchange {
  const isStream = response.headers['content-type']?.startsWith('text/event-stream') === true;
  const lines = createInterface({ input: response })[Symbol.asyncIterator]();
  const nextData = async (): Promise<string | undefined> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) return undefined;
      if (!isStream && value !== '') return value;
      if (value.startsWith('data:')) {
        const data = value.slice('data:'.length).trim();
        if (data !== '') return data;
      }
    }
  };
  async function* messages(): AsyncGenerator<Message> {
    for (;;) {
      const data = await nextData();
      if (data === undefined) return;
      yield JSON.parse(data);
    }
  }
  return {
    request: sent,
    response,
    messages,
    async find(fits) {
      for (;;) {
        const data = await nextData();
        if (data === undefined) throw new Error('the response ended before the message came');
        const message: Message = JSON.parse(data);
        if (fits(message)) return message;
      }
    },
    async endpoint() {
      return (await nextData()) ?? '';
    },
    async cut() {
      if (response.closed) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      response.once('close', () => resolve());
      sent.destroy();
      await promise;
    },
  };
}
