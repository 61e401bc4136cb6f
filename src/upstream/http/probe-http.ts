/** Finds out what an HTTP upstream speaks, and where (2026-07-28 transports §Backward Compatibility). */
import { GatewardError, toGatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import { type Message, readMessage, writeRequest } from '../../wire/message.ts';
import { LEGACY_VERSIONS } from '../../wire/rev2025-11-25/upstream-request.ts';
import { MODERN_VERSIONS } from '../../wire/versions.ts';
import { judgeProbe, PROBE_ID, type ProbeAnswer, writeProbe } from '../probe-era.ts';
import type { HttpEndpoint } from './http-endpoint.ts';
import { exchangeHttp, within } from './http-exchange.ts';
import { failureOfStatus } from './http-failure.ts';
import { isJson, type ReplyHead } from './http-reply.ts';

/** What is asked, and what is known beforehand. */
export interface HttpProbe {
  readonly endpoint: HttpEndpoint;
  readonly era: 'auto' | 'modern' | 'legacy';
  readonly transport: 'auto' | 'http' | 'sse';
  /** Whether the server must show that it answers even where the configuration leaves nothing to find out. */
  readonly verify: boolean;
  /** Name and version of the gateway. */
  readonly clientInfo: JsonText;
  readonly signal: AbortSignal;
}

/** What an HTTP upstream speaks. */
export type HttpVerdict =
  | { readonly era: 'modern'; readonly version: string; readonly discover: JsonText | undefined }
  | { readonly era: 'legacy'; readonly transport: 'http' | 'sse' };

/** Milliseconds that an old server has to send its `endpoint` event. */
const ENDPOINT_EVENT_MS = 5_000;
/** What `initialize` gives where a URL is that of an event stream. */
const NO_POST_HERE = new Set([400, 404, 405]);
const LEGACY_HTTP: HttpVerdict = { era: 'legacy', transport: 'http' };
const LEGACY_SSE: HttpVerdict = { era: 'legacy', transport: 'sse' };

/**
 * Asks as little as the configuration leaves open; where it leaves nothing open, nothing is asked. Throws the
 * GatewardError that says why there is no verdict.
 */
export async function probeHttp(probe: HttpProbe): Promise<HttpVerdict> {
  if (probe.transport === 'sse') return probe.verify ? askEndpoint(probe) : LEGACY_SSE;
  if (probe.era === 'legacy') {
    const isKnown = probe.transport === 'http' && !probe.verify;
    return isKnown ? LEGACY_HTTP : askInitialize(probe, undefined);
  }
  const verdict = await askDiscover(probe);
  if (verdict.kind === 'modern')
    return { era: 'modern', version: verdict.version, discover: verdict.discover };
  if (verdict.kind === 'none') throw verdict.error;
  if (probe.era === 'modern') {
    throw new GatewardError('UPSTREAM_INVALID', {
      detail: 'It does not speak a revision of the modern era.',
    });
  }
  return verdict.kind === 'legacy' ? LEGACY_HTTP : askInitialize(probe, verdict.error);
}

async function askDiscover(probe: HttpProbe) {
  const preferred = MODERN_VERSIONS[0] ?? '';
  const first = judgeProbe(await discover(probe, preferred), preferred);
  if (first.kind !== 'retry') return first;
  const second = judgeProbe(await discover(probe, first.version), first.version);
  if (second.kind !== 'retry') return second;
  const error = new GatewardError('UPSTREAM_INVALID', { detail: 'It refuses every version that it names.' });
  return { kind: 'none', error } as const;
}

async function discover(probe: HttpProbe, version: string): Promise<ProbeAnswer> {
  const headers = ['mcp-protocol-version', version, 'mcp-method', 'server/discover'];
  try {
    const { head, message } = await ask(probe, writeProbe(version, probe.clientInfo), headers);
    const { status } = head;
    const failure = failureOfStatus(status, head.headers);
    const isVerdict = failure.code !== 'UPSTREAM_REFUSED' && failure.code !== 'RATE_LIMITED';
    if (isVerdict && message?.kind === 'error') return { kind: 'error', error: message.error, status };
    if (isVerdict && message?.kind === 'result') return { kind: 'result', result: message.result };
    return { kind: 'status', status, error: failure };
  } catch (error) {
    return { kind: 'silent', channel: 'http', error: toGatewardError(error) };
  }
}

/** `failure` is what the probe gave before; it stands if `initialize` proves nothing. */
async function askInitialize(probe: HttpProbe, failure: GatewardError | undefined): Promise<HttpVerdict> {
  const params = { protocolVersion: LEGACY_VERSIONS[0], capabilities: {} };
  const message = writeRequest(
    PROBE_ID,
    'initialize',
    JsonText.of(params).with({ clientInfo: probe.clientInfo }),
  );
  const answer = await ask(probe, message, []);
  const { status, headers } = answer.head;
  if (status < 300 && answer.message?.kind === 'result') {
    await forgetSession(probe, headers['mcp-session-id']);
    return LEGACY_HTTP;
  }
  if (probe.transport === 'auto' && NO_POST_HERE.has(status) && (await sendsEndpoint(probe)))
    return LEGACY_SSE;
  throw failure ?? failureOfStatus(status, headers);
}

/** The session of the probe is not used. Its end is a courtesy, so its failure is nothing. */
async function forgetSession(probe: HttpProbe, id: string | string[] | undefined): Promise<void> {
  if (typeof id !== 'string') return;
  const { endpoint, signal } = probe;
  const headers = ['mcp-session-id', id];
  await exchangeHttp({ endpoint, method: 'DELETE', headers, pool: 'streams', signal }).catch(() => undefined);
}

async function askEndpoint(probe: HttpProbe): Promise<HttpVerdict> {
  if (await sendsEndpoint(probe)) return LEGACY_SSE;
  throw new GatewardError('UPSTREAM_UNAVAILABLE', { detail: 'It does not open its event stream.' });
}

async function sendsEndpoint(probe: HttpProbe): Promise<boolean> {
  const found = new AbortController();
  let isEndpoint = false;
  try {
    await within(ENDPOINT_EVENT_MS, probe.signal, (signal) =>
      exchangeHttp({
        endpoint: probe.endpoint,
        method: 'GET',
        headers: ['accept', 'text/event-stream'],
        pool: 'streams',
        signal,
        alsoSignal: found.signal,
        onEvent: (event) => {
          isEndpoint = event.event === 'endpoint';
          found.abort();
          return undefined;
        },
      }),
    );
  } catch {
    // Ended by what was found, or nothing is there to find.
  }
  probe.signal.throwIfAborted();
  return isEndpoint;
}

interface Asked {
  readonly head: ReplyHead;
  /** The answer to the request, if it is JSON-RPC. */
  readonly message: Message | undefined;
}

/** Posts one request and takes its answer from a JSON body or from the stream, which is closed then. */
async function ask(probe: HttpProbe, request: JsonText, headers: readonly string[]): Promise<Asked> {
  const found = new AbortController();
  let head: ReplyHead | undefined;
  let message: Message | undefined;
  try {
    const end = await exchangeHttp({
      endpoint: probe.endpoint,
      method: 'POST',
      headers: [
        'content-type',
        'application/json',
        'accept',
        'application/json, text/event-stream',
        ...headers,
      ],
      body: request.bytes,
      pool: 'streams',
      signal: probe.signal,
      alsoSignal: found.signal,
      onHead: (seen) => {
        head = seen;
      },
      onEvent: (event) => {
        message = answerIn(event.data);
        if (message !== undefined) found.abort();
        return undefined;
      },
    });
    if (end.kind === 'body' && isJson(end.head.headers['content-type'])) message = answerIn(end.body);
    return { head: end.head, message };
  } catch (error) {
    if (head !== undefined && found.signal.aborted) return { head, message };
    throw error;
  }
}

function answerIn(bytes: Buffer | undefined): Message | undefined {
  if (bytes === undefined || bytes.length === 0) return undefined;
  try {
    const message = readMessage(JsonText.parse(bytes));
    return message.kind === 'result' || message.kind === 'error' ? message : undefined;
  } catch {
    return undefined;
  }
}
