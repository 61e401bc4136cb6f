/** A connector in front of a fake legacy server, and calls to it as doors make them. */
import type { Call, LegacySession, Outcome } from '../../src/call.ts';
import { JsonText } from '../../src/lib/json-text.ts';
import type { Log } from '../../src/lib/log.ts';
import { createSeal } from '../../src/lib/seal.ts';
import type { Connector } from '../../src/upstream/connector.ts';
import {
  createLegacyConnector,
  type LegacyConnectorOptions,
} from '../../src/upstream/legacy/legacy-connector.ts';
import { FakeLegacyServer, type FakeServerOptions } from './fake-legacy-server.ts';
import { ManualClock } from './manual-clock.ts';

export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Every capability by which a server may ask back. */
export const ASKABLE = { elicitation: { form: {}, url: {} }, sampling: { tools: {} }, roots: {} };

export interface Rig {
  readonly server: FakeLegacyServer;
  readonly clock: ManualClock;
  readonly connector: Connector;
}

export function startRig(server: FakeServerOptions, options: Partial<LegacyConnectorOptions> = {}): Rig {
  const fake = new FakeLegacyServer(server);
  const clock = new ManualClock();
  const connector = connectTo(fake, clock, options);
  return { server: fake, clock, connector };
}

/** Another connector to the same server. */
export function connectTo(
  fake: FakeLegacyServer,
  clock: ManualClock,
  options: Partial<LegacyConnectorOptions> = {},
): Connector {
  return createLegacyConnector({
    upstream: 'fake',
    createTransport: fake.createTransport,
    sharing: 'callers',
    maxConnections: 8,
    connectTimeoutMs: 10_000,
    inputTimeoutMs: 600_000,
    clientInfo: { name: 'gateward', version: '1' },
    seal: createSeal(Buffer.alloc(32, 1)),
    clock,
    log: silentLog,
    random: () => 0,
    ...options,
  });
}

export interface Sketch {
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly capabilities?: Record<string, unknown>;
  /** Raw text. */
  readonly progressToken?: string;
  readonly logLevel?: string;
  readonly session?: LegacySession;
  readonly refusals?: Record<string, unknown>;
  readonly principal?: string;
  readonly id?: string;
}

/** A call, what it was told, and the way to cancel it. */
export interface Sent {
  readonly call: Call;
  readonly told: Record<string, unknown>[];
  readonly abort: AbortController;
}

export function sketchCall(sketch: Sketch): Sent {
  const { method = 'tools/call', params = {}, capabilities = {}, progressToken, logLevel, id = '7' } = sketch;
  const told: Record<string, unknown>[] = [];
  const abort = new AbortController();
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': capabilities,
    ...(logLevel === undefined ? {} : { 'io.modelcontextprotocol/logLevel': logLevel }),
  };
  const token = progressToken === undefined ? undefined : JsonText.written(progressToken);
  const withMeta = JsonText.of({ ...params }).with({
    _meta: JsonText.of(meta).with(token === undefined ? {} : { progressToken: token }),
  });
  const refusals = Object.entries(sketch.refusals ?? {}).map(
    ([key, error]) => [key, JsonText.of(error)] as const,
  );
  const call: Call = {
    message: JsonText.written(
      `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${withMeta.text}}`,
    ),
    id,
    method,
    name: typeof params['name'] === 'string' ? params['name'] : undefined,
    meta: {
      protocolVersion: '2026-07-28',
      clientCapabilities: JsonText.of(capabilities),
      clientInfo: undefined,
      logLevel,
      progressToken: token,
    },
    signal: abort.signal,
    notify: (notification) => {
      told.push(JSON.parse(notification.text));
      return undefined;
    },
    ...(sketch.principal !== undefined && { principal: sketch.principal }),
    legacy:
      sketch.session === undefined ? undefined : { session: sketch.session, refusals: new Map(refusals) },
  };
  return { call, told, abort };
}

const EVERYTHING = { elicitation: { form: {}, url: {} }, sampling: { tools: {}, context: {} }, roots: {} };

/** A session of a legacy client; `unbound` answers what belongs to no call. */
export function sketchSession(
  unbound: LegacySession['unbound'] = async () => undefined,
  capabilities: object = EVERYTHING,
): LegacySession & { readonly end: () => void } {
  const ended = new AbortController();
  return {
    principal: 'local',
    key: crypto.randomUUID(),
    version: '2025-11-25',
    capabilities: JsonText.of(capabilities),
    ended: ended.signal,
    unbound,
    end: () => ended.abort(),
  };
}

/** The body of an outcome, parsed: `result`, or `error`. */
export function bodyOf(outcome: Outcome): Record<string, unknown> {
  const text = outcome.kind === 'error' ? outcome.error : outcome.result;
  return JSON.parse(text.text);
}
