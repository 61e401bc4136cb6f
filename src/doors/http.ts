import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { GatewardError, toGatewardError } from '../errors.ts';
import type { Log } from '../lib/log.ts';
import { Slots, type Slotted } from '../lib/slots.ts';
import { refuse } from './answer.ts';
import { type Client, directClient } from './client-address.ts';
import {
  answerClientError,
  createListener,
  type Listener,
  type ListenerTls,
  requestTimeoutMs,
} from './create-server.ts';
import { type Admitted, admit } from './guard.ts';
import { compileRules, type Doors, type HttpDoorSettings, type Rules } from './http-settings.ts';
import { receive, refuseBody } from './receive.ts';
import { readTarget } from './routes.ts';
import type { Ticker } from './ticker.ts';

/** Where the listener is bound, and what only a new listener can change. */
export interface ListenOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly tls: ListenerTls | undefined;
  /** Connections above this are closed at once. */
  readonly maxConnections: number;
}

/** Everything that the HTTP door is made of. */
export interface HttpDoorParts {
  readonly listen: ListenOptions;
  readonly settings: HttpDoorSettings;
  readonly doors: Doors;
  readonly log: Log;
  /** The timer of every request. Its owner stops it once the door is closed. */
  readonly ticker: Ticker;
  /** Bytes that may wait for a slow reader of a stream; 1 MiB without it. */
  readonly maxQueuedBytes?: number | undefined;
}

/** The HTTP door while it is open. */
export interface HttpDoor {
  /** Scheme, address and port that it is bound to. */
  readonly url: string;
  readonly port: number;
  /** Uses other settings from the next request on. Requests under way keep theirs. */
  update(settings: HttpDoorSettings): void;
  /** Reads certificate and key again if they have changed. It also looks every few seconds by itself. */
  reloadTls(): Promise<void>;
  /**
   * Stops: no new connection, STOPPING for new requests, and `graceMs` for the calls under way. Who runs listen streams
   * ends them meanwhile. Resolves when every connection is closed.
   */
  stop(graceMs: number): Promise<void>;
}

const TLS_CHECK_MS = 5000;
const MAX_QUEUED_BYTES = 1024 * 1024;
/** Requests that one connection may have under way (HTTP/1.1 pipelining); real clients have one. */
const MAX_PIPELINED = 64;

/** Opens the HTTP door. Throws LISTEN_FAILED. */
export async function startHttpDoor(parts: HttpDoorParts): Promise<HttpDoor> {
  const { listen, settings, log } = parts;
  const listener = await createListener({ tls: listen.tls, bodyTimeoutMs: settings.bodyTimeoutMs, log });
  const door = new OpenDoor(parts, listener);
  await door.listen();
  return door;
}

/** One request under way. */
interface UnderWay extends Slotted {
  readonly response: ServerResponse;
}

/** One connection. */
interface Peer {
  readonly client: Client;
  /** Requests under way on it. */
  underWay: number;
}

class OpenDoor implements HttpDoor {
  readonly #parts: HttpDoorParts;
  readonly #listener: Listener;
  readonly #ticker: Ticker;
  readonly #peers = new WeakMap<Duplex, Peer>();
  readonly #underWay = new Slots<UnderWay>();
  readonly #onCrash: (response: ServerResponse, thrown: unknown) => void;
  #rules: Rules;
  #tlsTimer: NodeJS.Timeout | undefined;
  #stopped: Promise<void> | undefined;
  port = 0;

  constructor(parts: HttpDoorParts, listener: Listener) {
    this.#parts = parts;
    this.#listener = listener;
    this.#ticker = parts.ticker;
    this.#rules = compileRules(parts.settings, parts.listen.host);
    this.#onCrash = (response, thrown) => this.#crash(response, thrown);
    const { server } = listener;
    server.maxConnections = parts.listen.maxConnections;
    // Their size is bounded already; past a number, node:http would drop headers unseen.
    server.maxHeadersCount = 0;
    server.on('request', (request, response) => this.#receive(request, response));
    server.on('clientError', (error, socket) => {
      answerClientError(error, socket, this.#hasOther(socket));
    });
  }

  get url(): string {
    const { host } = this.#parts.listen;
    return `${this.#listener.scheme}://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  async listen(): Promise<void> {
    const { host, port, tls } = this.#parts.listen;
    const { server } = this.#listener;
    await new Promise<void>((resolve, reject) => {
      const fail = (cause: Error) =>
        reject(
          new GatewardError('LISTEN_FAILED', {
            detail: `${host}:${port}: ${describeListenError(cause)}`,
            cause,
          }),
        );
      server.once('error', fail);
      server.listen({ host, port, backlog: 1024 }, () => {
        server.off('error', fail);
        resolve();
      });
    });
    const address = server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : port;
    if (tls === undefined) return;
    this.#tlsTimer = setInterval(() => void this.reloadTls(), TLS_CHECK_MS).unref();
  }

  update(settings: HttpDoorSettings): void {
    this.#rules = compileRules(settings, this.#parts.listen.host);
    this.#listener.server.requestTimeout = requestTimeoutMs(settings.bodyTimeoutMs);
  }

  reloadTls(): Promise<void> {
    return this.#listener.reloadTls();
  }

  stop(graceMs: number): Promise<void> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  async #stop(graceMs: number): Promise<void> {
    const { server } = this.#listener;
    clearInterval(this.#tlsTimer);
    for (const { response } of this.#underWay) response.shouldKeepAlive = false;
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
    this.#closeIfQuiet();
    await closed;
    clearTimeout(timer);
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const peer = this.#meet(request.socket);
    this.#track(response, peer);
    const ticker = this.#ticker;
    if (this.#stopped !== undefined || peer.underWay > MAX_PIPELINED) {
      response.shouldKeepAlive = false;
      const code = this.#stopped === undefined ? 'RATE_LIMITED' : 'STOPPING';
      refuseBody({ request, response }, new GatewardError(code, { retryAfterSeconds: 1 }), ticker);
      return;
    }
    try {
      const rules = this.#rules;
      const { scheme } = this.#listener;
      const admitted = admit(request, response, { rules, peer: peer.client, scheme, nowMs: ticker.now() });
      if (admitted === undefined) return;
      if (admitted instanceof GatewardError)
        this.#refuse(request, response, admitted).catch((thrown) => this.#crash(response, thrown));
      else this.#accept(request, response, { admitted, rules });
    } catch (thrown) {
      this.#crash(response, thrown);
    }
  }

  #accept(
    request: IncomingMessage,
    response: ServerResponse,
    { admitted, rules }: { readonly admitted: Admitted; readonly rules: Rules },
  ): void {
    const { doors, maxQueuedBytes = MAX_QUEUED_BYTES } = this.#parts;
    const context = { rules, doors, ticker: this.#ticker, maxQueuedBytes, onCrash: this.#onCrash };
    receive(request, response, { admitted, context });
  }

  async #refuse(request: IncomingMessage, response: ServerResponse, refusal: GatewardError): Promise<void> {
    const error = refusal.code === 'SERVER_NOT_FOUND' ? await this.#hide(request, refusal) : refusal;
    const { remoteAddress } = request.socket;
    // The query of HTTP+SSE names a session, which is its client's secret.
    const { path } = readTarget(request.url ?? '');
    this.#parts.log.debug('refused at the door', { code: error.code, path, remoteAddress });
    refuseBody({ request, response }, error, this.#ticker);
  }

  /** Who may not call is not told which servers there are. */
  async #hide({ headers }: IncomingMessage, refusal: GatewardError): Promise<GatewardError> {
    try {
      await this.#parts.doors.authenticate(headers);
      return refusal;
    } catch (thrown) {
      return toGatewardError(thrown);
    }
  }

  #meet(socket: Socket): Peer {
    const known = this.#peers.get(socket);
    if (known !== undefined) return known;
    const peer = { client: directClient(socket.remoteAddress), underWay: 0 };
    this.#peers.set(socket, peer);
    return peer;
  }

  #track(response: ServerResponse, peer: Peer): void {
    peer.underWay++;
    const underWay: UnderWay = { response, slot: undefined };
    this.#underWay.add(underWay);
    response.on('close', () => {
      peer.underWay--;
      this.#underWay.delete(underWay);
      if (this.#stopped !== undefined) this.#closeIfQuiet();
    });
    // A write that comes after the client has gone is not worth a word.
    response.on('error', ignore);
  }

  /** Whether anything but the request whose body is broken is under way on a connection. */
  #hasOther(socket: Duplex): boolean {
    const underWay = this.#peers.get(socket)?.underWay ?? 0;
    if (underWay !== 1) return underWay > 1;
    const [only] = [...this.#underWay].filter(({ response }) => response.socket === socket);
    return only === undefined || only.response.headersSent || only.response.req.complete;
  }

  /** Once nothing is under way, connections without a request need no grace. */
  #closeIfQuiet(): void {
    if (this.#underWay.size === 0) this.#listener.server.closeAllConnections();
  }

  #crash(response: ServerResponse, thrown: unknown): void {
    const error = toGatewardError(thrown);
    if (error.code === 'INTERNAL_ERROR') this.#parts.log.error('a door failed', { thrown });
    if (response.headersSent) response.destroy();
    else if (error.code === 'INTERNAL_ERROR') refuse(response, error, { status: 500 });
    else refuseBody({ request: response.req, response }, error, this.#ticker);
  }
}

function ignore(): void {}

/** Why an address cannot be listened on, and what to do about it. */
function describeListenError(error: Error): string {
  switch ('code' in error ? error.code : undefined) {
    case 'EADDRINUSE':
      return 'Something listens there already, perhaps another gateway. Stop it, or choose another listen.port.';
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'This machine has no such address. Change listen.host.';
    case 'EACCES':
      return 'This user may not listen there. Choose a listen.port from 1024 on.';
    default:
      return `${error.message}.`;
  }
}
