import { setTimeout as sleep } from 'node:timers/promises';
import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport as TransportV1 } from '@modelcontextprotocol/sdk/shared/transport.js';
import { CallToolResultSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { seatOf } from './ledger.ts';
import type { ToolName } from './tools.ts';
import { createWatchedFetch } from './watched-fetch.ts';

/** What a client saw of one call. */
export interface Seen {
  /** The text of the result; undefined where there is none. */
  text: string | undefined;
  readonly progress: number[];
  error: unknown;
  /** The answer broke off before there was an event id. */
  cut: boolean;
  /** Status of a refused resumption. */
  lost: number | undefined;
  /** When the user last answered; 0 for never. */
  answeredAt: number;
}

/** A real client that makes one call at a time. */
export interface Caller {
  call(tool: ToolName, token: string): Promise<Seen>;
  close(): Promise<void>;
}

/** How a client is started. */
export interface CallerOptions {
  readonly url: string;
  /** Sent as a bearer token, where there is one. */
  readonly key?: string | undefined;
  /** Milliseconds that the user thinks at most. */
  readonly maxThinkMs: number;
  /** Milliseconds until a call counts as hanging. */
  readonly hangMs: number;
}

const INFO = { name: 'chaos', version: '1.0.0' };
const CAPABILITIES = { elicitation: { form: {} } };
const RECONNECTION = {
  initialReconnectionDelay: 200,
  maxReconnectionDelay: 400,
  reconnectionDelayGrowFactor: 1.1,
  maxRetries: 500,
};

/** The call in work, and how it ends where the SDK does not say so. */
class Watch {
  seen: Seen = nothingSeen();
  #over = (): void => undefined;
  readonly fetch = createWatchedFetch({
    onCut: () => {
      this.seen.cut = true;
      this.#over();
    },
    onLost: (status) => {
      this.seen.lost = status;
      this.#over();
    },
  });

  async run(call: (seen: Seen) => Promise<object>): Promise<Seen> {
    const seen = nothingSeen();
    this.seen = seen;
    const over = new Promise<void>((resolve) => {
      this.#over = resolve;
    });
    const done = call(seen).then(
      (result) => {
        seen.text = 'content' in result ? textOf(result.content) : '';
      },
      (error: unknown) => {
        seen.error = error;
      },
    );
    await Promise.race([done, over]);
    return seen;
  }

  async answer(
    message: unknown,
    maxThinkMs: number,
  ): Promise<{ action: 'accept'; content: { seat: string } }> {
    const { seen } = this;
    await sleep(Math.random() * maxThinkMs);
    seen.answeredAt = Date.now();
    return { action: 'accept', content: { seat: seatOf(String(message)) } };
  }
}

/** A client of the official SDK v1: sessions of 2025-11-25. */
export async function connectV1({ url, key, maxThinkMs, hangMs }: CallerOptions): Promise<Caller> {
  const watch = new Watch();
  const client = new ClientV1(INFO, { capabilities: CAPABILITIES });
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => watch.answer(params.message, maxThinkMs));
  const transport = new HttpV1(new URL(url), {
    fetch: watch.fetch,
    reconnectionOptions: RECONNECTION,
    ...authorized(key),
  });
  await client.connect(transport as TransportV1);
  return {
    call: (name, token) =>
      watch.run(({ progress }) =>
        client.callTool({ name, arguments: { token } }, CallToolResultSchema, {
          timeout: hangMs,
          onprogress: (told) => void progress.push(told.progress),
        }),
      ),
    close: () => client.close(),
  };
}

/** A client of the official SDK v2 in the modern era. */
export async function connectV2({ url, key, maxThinkMs, hangMs }: CallerOptions): Promise<Caller> {
  const watch = new Watch();
  const client = new ClientV2(INFO, { capabilities: CAPABILITIES, versionNegotiation: { mode: 'auto' } });
  client.setRequestHandler('elicitation/create', ({ params }) => watch.answer(params.message, maxThinkMs));
  await client.connect(new HttpV2(new URL(url), { fetch: watch.fetch, ...authorized(key) }));
  if (client.getNegotiatedProtocolVersion() !== '2026-07-28') {
    await client.close();
    throw new TypeError('The client did not find the modern era.');
  }
  return {
    call: (name, token) =>
      watch.run(({ progress }) =>
        client.callTool(
          { name, arguments: { token } },
          { timeout: hangMs, onprogress: (told) => void progress.push(told.progress) },
        ),
      ),
    close: () => client.close(),
  };
}

function authorized(key: string | undefined): { requestInit?: RequestInit } {
  return key === undefined ? {} : { requestInit: { headers: { authorization: `Bearer ${key}` } } };
}

function nothingSeen(): Seen {
  return { text: undefined, progress: [], error: undefined, cut: false, lost: undefined, answeredAt: 0 };
}

function textOf(content: unknown): string {
  const [block]: { text?: string }[] = Array.isArray(content) ? content : [];
  return block?.text ?? '';
}
