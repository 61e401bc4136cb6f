/** The modern side of the stdio door: each request is a POST of its own (2026-07-28 stdio, Streamable HTTP). */
import { GatewardError, toGatewardError } from '../../errors.ts';
import { backoffMs } from '../../lib/backoff.ts';
import type { Clock } from '../../lib/clock.ts';
import { JsonText } from '../../lib/json-text.ts';
import { wait } from '../../lib/wait.ts';
import { sameId } from '../../upstream/same-id.ts';
import type { ModernRequest } from '../../wire/classify.ts';
import { type Message, readMessage, writeNotification, writeRequest } from '../../wire/message.ts';
import { methodRuleOf } from '../../wire/rev2026-07-28/registry.ts';
import { ListenWatch } from '../legacy/listen-watch.ts';
import { errorMessage, reasonOf } from './stdio-failure.ts';
import { PATIENCE_MS, RETRY, type RelayTarget, type WriteMessage } from './stdio-relay.ts';
import { createToolHeaders, mirroredHeaders, type ToolHeaders } from './tool-headers.ts';

/** What the modern side works with. */
export interface ModernRelayParts {
  readonly target: RelayTarget;
  readonly write: WriteMessage;
  readonly clock: Clock;
  /** A number in [0, 1), such as Math.random. */
  readonly random: () => number;
  /** Says something on standard error. */
  readonly tell: (text: string) => void;
}

interface InFlight {
  readonly request: ModernRequest;
  readonly message: JsonText;
  readonly abort: AbortController;
  readonly listen: ListenWatch | undefined;
  isAnswered: boolean;
  /** The server found the mirrored headers wrong: 'wanted' until they are mended, which happens once. */
  mend: 'no' | 'wanted' | 'done';
}

const HEADER_MISMATCH = '-32020';
const MAX_PAGES = 100;
/** Trouble that passes: a lost listen is opened again after it. */
const PASSING: readonly string[] = [
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_LOST',
  'UPSTREAM_FAILED',
  'UPSTREAM_TIMEOUT',
  'RATE_LIMITED',
];

/** Relays modern requests. What is in flight is bounded by the door. */
export class ModernRelay {
  readonly #parts: ModernRelayParts;
  readonly #inFlight = new Map<string, InFlight>();
  readonly #tools: ToolHeaders;

  constructor(parts: ModernRelayParts) {
    this.#parts = parts;
    this.#tools = createToolHeaders(parts.tell);
  }

  /** Requests that wait for their answer; listens, which wait for none, left out. */
  get waiting(): number {
    return [...this.#inFlight.values()].filter(({ listen }) => listen === undefined).length;
  }

  get size(): number {
    return this.#inFlight.size;
  }

  /** Relays one request; its outcome goes to `write`. Never rejects. */
  async take(request: ModernRequest, message: JsonText): Promise<void> {
    const { id, method } = request;
    if (this.#inFlight.has(id)) {
      const detail = 'A request with this id is in flight.';
      await this.#parts.write(errorMessage(id, new GatewardError('INVALID_REQUEST', { detail })));
      return;
    }
    const listen = methodRuleOf(method)?.streams === true ? new ListenWatch(id) : undefined;
    const abort = new AbortController();
    const call: InFlight = { request, message, abort, listen, isAnswered: false, mend: 'no' };
    this.#inFlight.set(id, call);
    try {
      await this.#run(call);
    } catch (thrown) {
      if (!abort.signal.aborted) await this.#parts.write(errorMessage(id, thrown));
    } finally {
      if (this.#inFlight.get(id) === call) this.#inFlight.delete(id);
    }
  }

  /** Closing the POST cancels its request (2026-07-28 cancellation); nothing more is written for it. */
  cancel(id: string): void {
    this.#inFlight.get(id)?.abort.abort();
    this.#inFlight.delete(id);
  }

  /** Cancels everything. */
  close(): void {
    for (const id of [...this.#inFlight.keys()]) this.cancel(id);
  }

  async #run(call: InFlight): Promise<void> {
    const { clock, random, tell } = this.#parts;
    const { signal } = call.abort;
    const startedAtMs = clock.now();
    for (let failures = 1; !signal.aborted && !call.isAnswered; failures++) {
      try {
        await this.#post(call);
      } catch (thrown) {
        if (signal.aborted || call.isAnswered) break;
        const error = toGatewardError(thrown);
        if (!maySendAgain(call, error, clock.now() - startedAtMs)) throw error;
        tell(`trying again ${call.request.method}: ${reasonOf(error)}`);
        if (call.listen?.heard() === true) failures = 1;
        await wait(clock, backoffMs(failures, { ...RETRY, random }), signal);
      }
    }
    if (call.listen !== undefined && call.isAnswered) await this.#endListen(call.request.id);
  }

  async #post(call: InFlight): Promise<void> {
    const { request, message, abort, listen } = call;
    const { method, params, meta } = request;
    await this.#parts.target.post({
      message,
      headers: {
        ...mirroredHeaders({ method, version: meta.protocolVersion, name: nameOf(request) }),
        ...(method === 'tools/call' ? this.#tools.of(params) : {}),
      },
      isEndless: listen !== undefined,
      signal: abort.signal,
      onMessage: (json) => this.#takeMessage(call, json),
    });
    if (call.mend === 'wanted') {
      call.mend = 'done';
      await this.#learnTools(call);
      await this.#post(call);
    } else if (!call.isAnswered) {
      throw new GatewardError('UPSTREAM_LOST', { detail: 'The stream ended without the response.' });
    }
  }

  #takeMessage(call: InFlight, json: JsonText): Promise<void> | undefined {
    if (call.abort.signal.aborted || call.isAnswered) return undefined;
    const message = readMessage(json);
    if (message.kind === 'notification') return this.#takeNotification(call, json, message.method);
    if (message.kind !== 'result' && message.kind !== 'error') return undefined;
    if (message.id !== undefined && !sameId(message.id, call.request.id)) return undefined;
    const isMismatch = message.kind === 'error' && message.error.get('code')?.text === HEADER_MISMATCH;
    if (isMismatch && call.request.method === 'tools/call' && call.mend === 'no') {
      call.mend = 'wanted';
      return undefined;
    }
    call.isAnswered = true;
    return this.#parts.write(this.#answer(call, json, message));
  }

  #takeNotification(call: InFlight, json: JsonText, method: string): Promise<void> | undefined {
    const said = call.listen?.take(json, method) ?? [json];
    const waits = said.map((one) => this.#parts.write(one));
    return waits.find((one) => one !== undefined);
  }

  /** The answer under the id as the client wrote it; servers may spell it differently, or leave it out of errors. */
  #answer({ request }: InFlight, json: JsonText, message: Message): JsonText {
    const changed =
      message.kind === 'result' && request.method === 'tools/list'
        ? json.with({ result: this.#tools.learn(message.result) })
        : json;
    return json.get('id')?.text === request.id ? changed : changed.with({ id: JsonText.written(request.id) });
  }

  /** Lists the tools page by page in the name of the caller, to learn what they mirror. */
  async #learnTools({ request, abort }: InFlight): Promise<void> {
    const meta = request.params.get('_meta') ?? JsonText.of({});
    let cursor: JsonText | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const head = JsonText.of({}).with({ _meta: meta.with({ progressToken: undefined }), cursor });
      let next: JsonText | undefined;
      await this.#parts.target.post({
        message: writeRequest('"gateward-tools"', 'tools/list', head),
        headers: mirroredHeaders({
          method: 'tools/list',
          version: request.meta.protocolVersion,
          name: undefined,
        }),
        isEndless: false,
        signal: abort.signal,
        onMessage: (json) => {
          const result = json.get('result');
          if (result !== undefined) {
            this.#tools.learn(result);
            next = result.get('nextCursor');
          }
          return undefined;
        },
      });
      if (next?.kind !== 'string') return;
      cursor = next;
    }
  }

  /** On stdio a server that ends a listen says so after its result too; the client ignores what it knows. */
  async #endListen(id: string): Promise<void> {
    const params = JsonText.of({}).with({ requestId: JsonText.written(id) });
    await this.#parts.write(writeNotification('notifications/cancelled', params));
  }
}

function nameOf({ method, params }: ModernRequest): string | undefined {
  const member = methodRuleOf(method)?.nameMember;
  return member === undefined ? undefined : params.get(member)?.string();
}

/** What has not reached the server may always be sent again; a listen also when its stream was lost. */
function maySendAgain(call: InFlight, error: GatewardError, waitedMs: number): boolean {
  if (call.listen?.wasOpen === true) return PASSING.includes(error.code);
  return error.code === 'UPSTREAM_UNAVAILABLE' && waitedMs < PATIENCE_MS;
}
