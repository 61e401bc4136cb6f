import { randomBytes } from 'node:crypto';
import type { Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { Log } from '../../lib/log.ts';
import { pause } from '../../lib/pause.ts';
import type { Fleet } from '../../store/fleet.ts';
import type { Connector } from '../connector.ts';
import { type CallLetter, readCall, writeCall } from './call-letter.ts';
import { IncomingCall } from './incoming-call.ts';
import { codeOf, writeFailure } from './outcome-letter.ts';
import { OutgoingCall } from './outgoing-call.ts';
import type { RemoteSessions } from './remote-session.ts';
import type { RemoteCall, Replicas } from './replicas.ts';

/** What remote calls work with. */
export interface RemoteCallsParts {
  readonly fleet: Pick<Fleet, 'membership' | 'post'>;
  /** The upstream of a name, if this replica has one. */
  readonly upstream: (name: string) => Pick<Connector, 'call'> | undefined;
  readonly sessions: RemoteSessions;
  readonly clock: Clock;
  readonly log: Log;
  /** Calls that may be under way in either direction, and questions that may be open. */
  readonly maxCalls?: number;
}

/** Calls between replicas, until they are closed. */
export interface RemoteCalls extends Pick<Replicas, 'callAt'> {
  /** Resolves when no call of another replica is under way that will end by itself, or after this time. */
  drain(graceMs: number): Promise<void>;
  /** Calls under way end in UPSTREAM_LOST; those that still come are answered STOPPING. */
  close(): void;
}

const SUBJECT = 'remote';
const MAX_CALLS = 65_536;
/** Milliseconds between two tries to send what must arrive. */
const RETRY_MS = 500;
/** Milliseconds between two looks for calls under way. */
const LOOK_EVERY_MS = 50;
/** Calls that ended in questions which may still be withdrawn, each for so many milliseconds at most. */
const MAX_ASKED = 10_000;
const ASKED_MS = 600_000;
/** Milliseconds after which nobody waits for it. */
const GIVE_UP_MS = 60_000;

/** Makes calls at upstreams of other replicas, and theirs at upstreams of this one. */
export function createRemoteCalls(parts: RemoteCallsParts): RemoteCalls {
  return new LetterCalls(parts);
}

class LetterCalls implements RemoteCalls {
  readonly #parts: RemoteCallsParts;
  readonly #maxCalls: number;
  /** By an id that no other call of any replica has. */
  readonly #outgoing = new Map<string, OutgoingCall>();
  /** Ended in questions that may still be withdrawn, the oldest first. */
  readonly #asked = new Map<string, { readonly call: OutgoingCall; readonly atMs: number }>();
  readonly #incoming = new Map<string, { readonly from: string; readonly call: IncomingCall }>();
  readonly #endings: readonly (() => void)[];
  readonly #idPrefix = randomBytes(12).toString('base64url');
  #lastId = 0;
  #closed = false;

  constructor(parts: RemoteCallsParts) {
    this.#parts = parts;
    this.#maxCalls = parts.maxCalls ?? MAX_CALLS;
    const { post, membership } = parts.fleet;
    // Not ended with the rest: it ends with the post, so that whatever comes late is answered.
    post.receive(SUBJECT, (body, from) => this.#receive(JsonText.parse(body), from));
    this.#endings = [membership.onDeath((replica) => this.#died(replica))];
  }

  readonly callAt = async (replica: string, remote: RemoteCall): Promise<Outcome> => {
    const { signal } = remote.call;
    signal.throwIfAborted();
    if (this.#closed || !this.#parts.fleet.membership.isAlive(replica)) throw nothingRun('it is gone');
    if (this.#outgoing.size >= this.#maxCalls) throw nothingRun('too many calls wait for it');
    const id = `${this.#idPrefix}.${++this.#lastId}`;
    const letter = writeCall(remote, (session) => this.#parts.sessions.describe(session));
    const outgoing: OutgoingCall = new OutgoingCall({
      replica,
      remote,
      acknowledge: (number) => this.#mention(replica, id, { kind: 'taken', number }),
      begin: () => {
        const begin = { id, kind: 'begin', letter: JsonText.written('{}') };
        this.#send(replica, begin).catch((cause: unknown) => outgoing.lose(cause));
      },
    });
    this.#outgoing.set(id, outgoing);
    const onAbort = () => {
      outgoing.fail(signal.reason);
      this.#mention(replica, id, { kind: 'cancel', code: codeOfReason(signal.reason) });
    };
    signal.addEventListener('abort', onAbort, { once: true });
    // What did not leave may have arrived all the same.
    this.#send(replica, { id, kind: 'call', letter }).catch((cause: unknown) => outgoing.lose(cause));
    try {
      const outcome = await outgoing.outcome;
      if (outcome.kind === 'input_required') this.#keepAsked(id, outgoing);
      return outcome;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#outgoing.delete(id);
    }
  };

  async drain(graceMs: number): Promise<void> {
    const { clock } = this.#parts;
    const busy = (): boolean => [...this.#incoming.values()].some(({ call }) => !call.isEndless);
    for (let leftMs = graceMs; leftMs > 0 && busy(); leftMs -= LOOK_EVERY_MS) {
      await pause(clock, LOOK_EVERY_MS);
    }
  }

  close(): void {
    this.#closed = true;
    for (const end of this.#endings) end();
    for (const call of this.#outgoing.values()) call.lose('this replica ends');
    for (const { call } of this.#incoming.values()) call.cancel(new GatewardError('UPSTREAM_LOST'));
    this.#asked.clear();
  }

  #receive(json: JsonText, from: string): void {
    const id = json.get('id')?.string() ?? '';
    const kind = json.get('kind')?.string() ?? '';
    const incoming = this.#incoming.get(id);
    const outgoing = this.#outgoing.get(id) ?? this.#asked.get(id)?.call;
    if (kind === 'call') this.#begin(json, { id, from });
    else if (incoming?.from === from) direct(incoming.call, kind, json);
    else if (outgoing?.replica === from) outgoing.take(kind, json);
  }

  #begin(json: JsonText, { id, from }: { readonly id: string; readonly from: string }): void {
    const letter = readCall(json.get('call') ?? json);
    const upstream = letter && this.#parts.upstream(letter.upstream);
    if (this.#closed || !letter || !upstream || this.#incoming.size >= this.#maxCalls) {
      const refused = nothingRun('that replica does not take the call');
      const error = writeFailure(this.#closed ? new GatewardError('STOPPING') : refused);
      void this.#sendAtAnyRate(from, { id, kind: 'error', letter: JsonText.written('{}').with({ error }) });
      return;
    }
    const call = this.#incomingCall(letter, { id, from, upstream });
    this.#incoming.set(id, { from, call });
    void call.run().finally(() => this.#incoming.delete(id));
  }

  #incomingCall(
    letter: CallLetter,
    { id, from, upstream }: { id: string; from: string; upstream: Pick<Connector, 'call'> },
  ): IncomingCall {
    return new IncomingCall({
      letter,
      run: (call) => upstream.call(call, letter.context),
      sessions: this.#parts.sessions,
      send: (kind, about) => this.#send(from, { id, kind, letter: about }),
      sendAtAnyRate: (kind, about) => this.#sendAtAnyRate(from, { id, kind, letter: about }),
    });
  }

  #died(replica: string): void {
    for (const call of this.#outgoing.values())
      if (call.replica === replica) call.lose('the replica is gone');
    for (const [id, { call }] of this.#asked) if (call.replica === replica) this.#asked.delete(id);
    for (const { from, call } of this.#incoming.values()) if (from === replica) call.orphan();
  }

  #keepAsked(id: string, call: OutgoingCall): void {
    const nowMs = this.#parts.clock.now();
    this.#asked.set(id, { call, atMs: nowMs });
    for (const [oldest, { atMs }] of this.#asked) {
      const isOld = nowMs - atMs > ASKED_MS;
      if (!isOld && this.#asked.size <= Math.min(MAX_ASKED, this.#maxCalls)) break;
      this.#asked.delete(oldest);
    }
  }

  /** Sends what nothing depends on but speed and tidiness. */
  #mention(
    replica: string,
    id: string,
    { kind, ...fields }: { kind: string; [field: string]: unknown },
  ): void {
    this.#send(replica, { id, kind, letter: JsonText.of(fields) }).catch((thrown: unknown) =>
      this.#parts.log.debug('a letter did not leave', { kind, thrown }),
    );
  }

  #send(to: string, { id, kind, letter }: RemoteLetter): Promise<void> {
    const fields = { id: JsonText.of(id), kind: JsonText.of(kind) };
    const written = kind === 'call' ? JsonText.of({ id, kind }).with({ call: letter }) : letter.with(fields);
    return this.#parts.fleet.post.send(to, SUBJECT, written.bytes);
  }

  async #sendAtAnyRate(to: string, letter: RemoteLetter): Promise<void> {
    const { clock, log, fleet } = this.#parts;
    const since = clock.now();
    for (;;) {
      try {
        return await this.#send(to, letter);
      } catch (thrown) {
        const late = clock.now() - since > GIVE_UP_MS;
        if (this.#closed || late || !fleet.membership.isAlive(to)) {
          log.debug('the end of a call did not leave', { thrown });
          return;
        }
      }
      await pause(clock, RETRY_MS);
    }
  }
}

/** One letter about one call. */
interface RemoteLetter {
  readonly id: string;
  readonly kind: string;
  readonly letter: JsonText;
}

function direct(call: IncomingCall, kind: string, json: JsonText): void {
  if (kind === 'begin') call.begin();
  else if (kind === 'taken') call.acknowledged(Number(json.get('number')?.text));
  else if (kind === 'cancel') call.cancel(new GatewardError(codeOf(json.get('code')) ?? 'UPSTREAM_LOST'));
}

function nothingRun(why: string): GatewardError {
  return new GatewardError('UPSTREAM_UNAVAILABLE', { cause: `Another replica has it, and ${why}.` });
}

function codeOfReason(reason: unknown): string | undefined {
  return reason instanceof GatewardError ? reason.code : undefined;
}
