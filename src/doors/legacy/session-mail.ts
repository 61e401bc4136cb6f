import { randomBytes } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import type { Membership, Post } from '../../store/fleet.ts';
import type { StreamKey } from '../../store/store.ts';
import { CANCELLED, type Flight } from './flight.ts';
import { readHeadedLetter, writeHeadedLetter } from './headed-letter.ts';
import { readAnswer } from './kept-answer.ts';
import type { Outlet } from './outlet.ts';
import type { ReverseRequests } from './reverse-requests.ts';

/** What one replica tells another of a legacy session. */
export type SessionLetter =
  /** For the stream for messages that belong to no call. `question` names it if it is one. */
  | { readonly kind: 'message'; readonly question: string | undefined; readonly data: Buffer }
  /** The message of this question reached nobody. */
  | { readonly kind: 'unheard'; readonly question: string }
  /** An answer to a question that no stream keeps, as `writeAnswer` writes it. */
  | { readonly kind: 'answer'; readonly question: string; readonly data: Buffer }
  /** The client is at work on a question. */
  | { readonly kind: 'progress'; readonly question: string }
  /** The client cancelled the request with this raw id. */
  | { readonly kind: 'cancel'; readonly request: string }
  /** The client's roots changed. */
  | { readonly kind: 'roots' }
  /** Answers came for a stream, or its client waits for it elsewhere. */
  | { readonly kind: 'stream'; readonly stream: string }
  /** What the session is subscribed to changed: heed it, and say so. */
  | { readonly kind: 'listen'; readonly ask: string }
  | { readonly kind: 'listening'; readonly ask: string };

/** A session as letters find it. */
export interface MailedSession {
  /** Calls in flight by the raw text of their ids. */
  readonly calls: ReadonlyMap<string, Flight>;
  readonly questions: ReverseRequests;
  /** Its streams for messages that belong to no call, at this replica. */
  readonly unrelated: Pick<Outlet, 'open' | 'send'>;
  rootsChanged(): void;
}

/** Sessions of which a door of this replica holds something. */
export interface SessionHolder {
  get(key: string): MailedSession | undefined;
  /** Brings the listen of a session in step with its row, if it is held. */
  heed(key: string): Promise<void>;
}

/** What the mail works with. */
export interface SessionMailOptions {
  readonly post: Post;
  readonly membership: Membership;
  readonly clock: Clock;
}

const SUBJECT = 'legacy';
/** Milliseconds that a replica has to say that it listens. */
const LISTEN_MS = 2_000;

/** What replicas tell each other of the legacy sessions that they serve together. */
export class SessionMail {
  readonly #options: SessionMailOptions;
  readonly #holders = new Set<SessionHolder>();
  readonly #asks = new Map<string, () => void>();
  readonly #stop: () => void;
  #onStream: ((key: StreamKey) => void) | undefined;

  constructor(options: SessionMailOptions) {
    this.#options = options;
    this.#stop = options.post.receive(SUBJECT, (body, from) => this.#receive(body, from));
  }

  get self(): string {
    return this.#options.membership.id;
  }

  /** The other replicas. */
  get others(): readonly string[] {
    return this.#options.membership.others();
  }

  isAlive(replica: string): boolean {
    return this.#options.membership.isAlive(replica);
  }

  /** Runs for each other replica that dies. The function that comes back ends that. */
  onDeath(run: () => void): () => void {
    return this.#options.membership.onDeath(run);
  }

  /** Lets sessions be found. The function that comes back ends that. */
  join(holder: SessionHolder): () => void {
    this.#holders.add(holder);
    return () => this.#holders.delete(holder);
  }

  /** Runs with each stream to which its holder has to see. */
  set onStream(run: (key: StreamKey) => void) {
    this.#onStream = run;
  }

  /** Resolves once the letter will arrive, unless the replica dies. Throws STORE_UNAVAILABLE. */
  send(to: string, session: string, letter: SessionLetter): Promise<void> {
    return this.#options.post.send(to, SUBJECT, writeLetter(session, letter));
  }

  /** Sends to all other replicas. */
  async sendAll(session: string, letter: SessionLetter): Promise<void> {
    await Promise.all(this.others.map((other) => this.send(other, session, letter)));
  }

  /** Has the replica with a session's stream heed what the session is subscribed to; waits for that a little. */
  async listenAt(replica: string, session: string): Promise<void> {
    const ask = randomBytes(9).toString('base64url');
    const { promise, resolve } = Promise.withResolvers<void>();
    const callOff = this.#options.clock.after(LISTEN_MS, resolve);
    this.#asks.set(ask, resolve);
    try {
      await this.send(replica, session, { kind: 'listen', ask });
      await promise;
    } finally {
      callOff();
      this.#asks.delete(ask);
    }
  }

  close(): void {
    this.#stop();
  }

  #receive(body: Buffer, from: string): void {
    const { session: key, letter } = readLetter(body);
    if (letter === undefined) return;
    if (letter.kind === 'stream') this.#onStream?.({ session: key, stream: letter.stream });
    else if (letter.kind === 'listening') this.#asks.get(letter.ask)?.();
    else if (letter.kind === 'message') this.#deliver(key, letter, from);
    else if (letter.kind === 'listen') void this.#listen(key, letter.ask, from);
    else for (const session of this.#sessions(key)) take(session, letter);
  }

  #sessions(key: string): MailedSession[] {
    return [...this.#holders].flatMap((holder) => holder.get(key) ?? []);
  }

  #deliver(key: string, { data, question }: Extract<SessionLetter, { kind: 'message' }>, from: string): void {
    const session = this.#sessions(key).find(({ unrelated }) => unrelated.open);
    if (session !== undefined) void session.unrelated.send(data);
    else if (question !== undefined) this.#tell(from, key, { kind: 'unheard', question });
  }

  async #listen(key: string, ask: string, from: string): Promise<void> {
    await Promise.allSettled([...this.#holders].map((holder) => holder.heed(key)));
    this.#tell(from, key, { kind: 'listening', ask });
  }

  #tell(to: string, key: string, letter: SessionLetter): void {
    this.send(to, key, letter).catch(() => undefined);
  }
}

function take(session: MailedSession, letter: SessionLetter): void {
  if (letter.kind === 'answer') session.questions.finish(letter.question, readAnswer(letter.data));
  else if (letter.kind === 'unheard') session.questions.finish(letter.question, { kind: 'expired' });
  else if (letter.kind === 'progress') session.questions.restart(letter.question);
  else if (letter.kind === 'roots') session.rootsChanged();
  else if (letter.kind === 'cancel') session.calls.get(letter.request)?.abort.abort(CANCELLED);
}

function writeLetter(session: string, letter: SessionLetter): Buffer {
  const { data, ...head } = { data: undefined, ...letter };
  return writeHeadedLetter({ session, ...head }, data ?? Buffer.alloc(0));
}

function readLetter(body: Buffer): {
  readonly session: string;
  readonly letter: SessionLetter | undefined;
} {
  const { text, data } = readHeadedLetter(body);
  return { session: text('session'), letter: letterOf(text, data) };
}

function letterOf(text: (member: string) => string, data: Buffer): SessionLetter | undefined {
  const [kind, question] = [text('kind'), text('question')];
  switch (kind) {
    case 'message':
      return { kind, question: question === '' ? undefined : question, data };
    case 'answer':
      return { kind, question, data };
    case 'unheard':
    case 'progress':
      return { kind, question };
    case 'cancel':
      return { kind, request: text('request') };
    case 'roots':
      return { kind };
    case 'stream':
      return { kind, stream: text('stream') };
    case 'listen':
    case 'listening':
      return { kind, ask: text('ask') };
    default:
      return undefined;
  }
}
