/** The HTTP door alone, with a pipeline of a few lines behind it. */
import type { Handle, Inbound, Outcome } from '../../src/call.ts';
import { type HttpDoor, type HttpDoorParts, startHttpDoor } from '../../src/doors/http.ts';
import type { HttpDoorSettings } from '../../src/doors/http-settings.ts';
import type { Exchange } from '../../src/doors/legacy-door.ts';
import { Ticker } from '../../src/doors/ticker.ts';
import { GatewardError } from '../../src/errors.ts';
import { JsonText } from '../../src/lib/json-text.ts';
import { failedBy } from '../../src/wire/failure.ts';
import { findHeaderMismatch } from '../../src/wire/headers.ts';
import { nameHeaderOf } from '../../src/wire/rev2026-07-28/registry.ts';

/** A door that runs, and what happened behind it. */
export interface DoorTarget {
  readonly port: number;
  readonly door: HttpDoor;
  /** Calls that are under way. */
  readonly running: Set<Inbound>;
  /** Calls that were aborted. */
  readonly aborted: Inbound[];
  readonly settings: HttpDoorSettings;
  /** Moves the door's clock forward. */
  advance(ms: number): void;
  stop(): Promise<void>;
}

export type Change = Partial<HttpDoorSettings> & Partial<Pick<HttpDoorParts, 'maxQueuedBytes' | 'listen'>>;

/** Starts a door. Its tools are named for what they do. */
export async function startDoor(change: Change = {}): Promise<DoorTarget> {
  const running = new Set<Inbound>();
  const aborted: Inbound[] = [];
  let ahead = 0;
  const ticker = new Ticker({ intervalMs: 20, clock: () => performance.now() + ahead });
  const { maxQueuedBytes, listen, ...settingsChange } = change;
  const settings = { ...SETTINGS, ...settingsChange };
  const door = await startHttpDoor({
    listen: listen ?? { host: '127.0.0.1', port: 0, tls: undefined, maxConnections: 1000 },
    settings,
    doors: {
      authenticate: () => ({ key: 'local', kind: 'local' }),
      modern: observe(running, aborted),
      legacy: LEGACY,
      sse: { open: answerLegacy, post: answerLegacy },
    },
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    ticker,
    maxQueuedBytes,
  });
  const stop = async () => {
    await door.stop(0);
    ticker.stop();
  };
  const advance = (ms: number) => {
    ahead += ms;
  };
  return { port: door.port, door, running, aborted, settings, advance, stop };
}

const SETTINGS: HttpDoorSettings = {
  servers: [
    { name: 'all', path: '/mcp' },
    { name: 'one', path: '/servers/one/mcp' },
  ],
  publicUrl: undefined,
  legacySse: true,
  allowedHosts: ['gateway.lan'],
  allowedOrigins: ['https://app.example'],
  trustedProxies: [],
  maxBodyBytes: 100_000,
  bodyTimeoutMs: 300,
  perAddress: { requestsPerSecond: 0, burst: 1 },
  pages: [],
};

const answerLegacy = ({ response, server }: Exchange) => {
  const body = JSON.stringify({ legacy: server });
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
};
const LEGACY = { post: answerLegacy, get: answerLegacy, delete: answerLegacy };

function ignore(): void {}

function observe(running: Set<Inbound>, aborted: Inbound[]): Handle {
  return async (inbound) => {
    running.add(inbound);
    inbound.call.signal.addEventListener('abort', () => aborted.push(inbound), { once: true });
    try {
      return await answer(inbound);
    } catch (thrown) {
      return failedBy(thrown);
    } finally {
      running.delete(inbound);
    }
  };
}

async function answer({ server, call, headers }: Inbound): Promise<Outcome> {
  const { method, name, meta } = call;
  const detail = findHeaderMismatch(
    { protocolVersion: meta.protocolVersion, method, name, nameHeader: nameHeaderOf(method) },
    headers ?? {},
  );
  if (detail !== undefined) throw new GatewardError('HEADER_MISMATCH', { detail });
  if (method === 'subscriptions/listen') return listen(call);
  if (method !== 'tools/call') throw new GatewardError('METHOD_NOT_FOUND');
  const tool = TOOLS[name ?? ''];
  if (tool === undefined) throw new GatewardError('UNKNOWN_TOOL');
  const args = call.message.at('params', 'arguments');
  const said = await tool(call, args);
  return {
    kind: 'complete',
    result: JsonText.written(`{"resultType":"complete","server":"${server}","said":${said}}`),
  };
}

type Call = Inbound['call'];

const TOOLS: Readonly<Record<string, (call: Call, args: JsonText | undefined) => string | Promise<string>>> =
  {
    echo: (_call, args) => args?.text ?? 'null',
    hang: (call) =>
      new Promise<string>((resolve) => call.signal.addEventListener('abort', () => resolve('"aborted"'))),
    wait: (_call, args) =>
      new Promise<string>((resolve) => setTimeout(() => resolve('"waited"'), Number(args?.get('ms')?.text))),
    progress: async (call, args) => {
      for (let n = 1; n <= Number(args?.get('count')?.text); n++) await call.notify(progress(n, ''));
      return '"done"';
    },
    flood: async (call, args) => {
      const patient = args?.get('patient')?.text === 'true';
      for (let n = 1; n <= 20_000 && !call.signal.aborted; n++) {
        const wait = call.notify(progress(n, 'x'.repeat(10_000)));
        if (patient) await wait;
        else if (n % 100 === 0) await new Promise(setImmediate);
      }
      return '"flooded"';
    },
    fail: async (call) => {
      await call.notify(progress(1, ''));
      throw new GatewardError('RATE_LIMITED', { retryAfterSeconds: 1 });
    },
    refuse: () => {
      throw new GatewardError('RATE_LIMITED', { retryAfterSeconds: 2.2 });
    },
  };

function progress(n: number, message: string): JsonText {
  return JsonText.of({
    jsonrpc: '2.0',
    method: 'notifications/progress',
    params: { progressToken: 1, progress: n, message },
  });
}

async function listen(call: Call): Promise<Outcome> {
  await call.notify(
    JsonText.written('{"jsonrpc":"2.0",\n"method":"notifications/subscriptions/acknowledged"}'),
  );
  await new Promise((resolve) => call.signal.addEventListener('abort', () => resolve(undefined)));
  return { kind: 'complete', result: JsonText.written('{}') };
}
