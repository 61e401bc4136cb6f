import { getEventListeners } from 'node:events';
import type { LegacySession, Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { JsonText } from '../../lib/json-text.ts';
import { Serial } from '../../lib/serial.ts';
import type { SessionFacts } from '../../session/session-id.ts';
import { negotiateRevision } from '../../wire/legacy-revisions.ts';
import type { Revision } from '../../wire/rev2025-11-25/revision.ts';
import { notificationToLegacy } from '../../wire/rev2025-11-25/to-legacy.ts';
import { withImplied } from '../../wire/rev2025-11-25/to-modern.ts';
import type { Flight } from './flight.ts';
import type { LegacyStream } from './legacy-stream.ts';
import { OwnStream } from './own-stream.ts';
import { ReverseRequests } from './reverse-requests.ts';
import { type ListenCall, SessionListen } from './session-listen.ts';
import type { SessionMail } from './session-mail.ts';
import { answerUnbound } from './unbound.ts';
import { UnrelatedStreams } from './unrelated-streams.ts';

/** What all sessions of a door share. */
export interface SessionHost {
  readonly clock: Clock;
  /** Puts capabilities into modern words. */
  readonly modern: (capabilities: JsonText) => JsonText;
  /** Makes a listen call inside. */
  readonly listen: (session: LiveSession, call: ListenCall) => Promise<Outcome>;
  /** The level from which on the client wants log messages. */
  readonly logLevel: (session: LiveSession) => Promise<string>;
  /** Gives the raw id of a question. */
  readonly questionId: (session: string, name: string, stream: string | undefined) => string;
  readonly mail: SessionMail;
  /** Runs when the last stream for messages that belong to no call is closed. */
  readonly onUnheard: (session: LiveSession) => void;
}

/**
 * What this process holds of one legacy session while something of it is open: calls, streams, questions to the
 * client. Everything else is in its id and its rows.
 */
export class LiveSession implements LegacySession {
  readonly facts: SessionFacts;
  readonly revision: Revision;
  /** As `_meta` of its calls carries them. */
  readonly capabilities: JsonText;
  /** Calls in flight by the raw text of their ids. */
  readonly calls = new Map<string, Flight>();
  /** Streams of calls that are not finished, by name. */
  readonly streams = new Map<string, LegacyStream>();
  readonly questions: ReverseRequests;
  /** Its streams for messages that belong to no call, at this replica. */
  readonly unrelated: UnrelatedStreams;
  /** The way to its own stream, wherever that is. */
  readonly own: OwnStream;
  /** The replica that holds the newest such stream, as far as anybody knows. */
  streamHolder: string | undefined;
  /** Its streams here hear of no changes as long as a newer one does elsewhere. */
  isMuted = false;
  readonly changes: SessionListen;
  readonly unbound: LegacySession['unbound'];
  readonly onRootsChanged: LegacySession['onRootsChanged'];
  lastUsedMs: number;
  readonly #controller = new AbortController();
  #serial: Serial | undefined;
  #rootsListeners: Set<() => void> | undefined;

  constructor(facts: SessionFacts, host: SessionHost) {
    const { clock } = host;
    this.facts = facts;
    this.revision = negotiateRevision(facts.version);
    this.capabilities = withImplied(host.modern(facts.capabilities), this.revision);
    this.lastUsedMs = clock.now();
    this.questions = new ReverseRequests(clock, (name, stream) => host.questionId(this.key, name, stream));
    this.own = new OwnStream(this, host.mail);
    this.changes = new SessionListen({
      call: (listen) => host.listen(this, listen),
      deliver: (change) => this.unrelated.send(notificationToLegacy(change).bytes),
      clock,
    });
    this.unrelated = new UnrelatedStreams(() => {
      this.changes.stop();
      host.onUnheard(this);
    });
    this.unbound = (message) => answerUnbound(message, this, () => host.logLevel(this));
    const tellsRoots = facts.capabilities.at('roots', 'listChanged')?.value() === true;
    this.onRootsChanged = tellsRoots ? (run, until) => this.#addRootsListener(run, until) : undefined;
  }

  get key(): string {
    return this.facts.key;
  }

  get principal(): string {
    return this.facts.principal;
  }

  get version(): string {
    return this.facts.version;
  }

  get ended(): AbortSignal {
    return this.#controller.signal;
  }

  /** True while nothing would be lost if this object were forgotten. */
  get idle(): boolean {
    if (this.calls.size > 0 || this.streams.size > 0 || this.questions.size > 0 || this.unrelated.open)
      return false;
    return (this.#rootsListeners?.size ?? 0) === 0 && getEventListeners(this.ended, 'abort').length === 0;
  }

  /** Runs changes of the session's rows one after the other. */
  inTurn<T>(change: () => Promise<T>): Promise<T> {
    this.#serial ??= new Serial();
    return this.#serial.run(change);
  }

  rootsChanged(): void {
    for (const run of [...(this.#rootsListeners ?? [])]) run();
  }

  /** Ends everything of it, for good. `reason` answers the calls in flight. */
  end(reason = new GatewardError('SESSION_NOT_FOUND')): void {
    if (this.ended.aborted) return;
    this.#controller.abort(reason);
    this.stop(reason);
    this.#rootsListeners = undefined;
  }

  /** Ends what is open of it here; the session itself lives on. */
  stop(reason: GatewardError): void {
    for (const { abort } of [...this.calls.values()]) abort.abort(reason);
    this.questions.expireAll();
    this.unrelated.end();
    this.changes.stop();
  }

  #addRootsListener(run: () => void, until: AbortSignal): void {
    if (this.ended.aborted || until.aborted) return;
    this.#rootsListeners ??= new Set();
    this.#rootsListeners.add(run);
    until.addEventListener('abort', () => this.#rootsListeners?.delete(run), { once: true });
  }
}
