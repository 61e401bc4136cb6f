import { randomBytes } from 'node:crypto';
import { Abort } from '../../lib/abort.ts';
import type { Clock } from '../../lib/clock.ts';
import { wait } from '../../lib/wait.ts';
import type { StreamLog } from '../../session/stream-log.ts';
import type { Membership } from '../../store/fleet.ts';
import type { Bus, StreamRow } from '../../store/store.ts';
import type { Ticker, Timed } from '../ticker.ts';
import { readAnswer } from './kept-answer.ts';
import { LegacyStream } from './legacy-stream.ts';
import type { LiveSession } from './live-session.ts';
import type { StreamWork } from './stream-work.ts';

/** What the streams of one replica are made of. */
export interface HeldStreamsOptions {
  readonly log: StreamLog;
  readonly bus: Bus;
  readonly membership: Membership;
  readonly clock: Clock;
  readonly ticker: Ticker;
}

/** One stream that this replica holds. */
export interface HeldStream {
  readonly stream: LegacyStream;
  readonly session: LiveSession;
  readonly work: StreamWork;
}

/** What one replica tells another of a stream that it holds. */
export type StreamWake = 'answer' | 'follow';

/** Who follows a stream that another replica holds. */
export interface StreamFollower {
  /** Something was kept of the stream. */
  readonly onMore: () => void;
  /** The client came back for the stream once more. */
  readonly onMoved: () => void;
}

const MORE = 'more';
/** Milliseconds between looks for answers whose wake-up was lost. */
const LOOK_MS = 3_000;
/** Milliseconds that streams have to be finished when the gateway ends. */
const CLOSE_MS = 2_000;

/** The streams that this replica holds, so that what arrives elsewhere finds them. */
export class HeldStreams implements Timed {
  readonly #options: HeldStreamsOptions;
  /** By name, which is unique at whichever replica. */
  readonly #streams = new Map<string, HeldStream>();
  readonly #endings: readonly (() => void)[];
  #lookAtMs: number;
  /** Somebody else took, or may have taken, answers. */
  #hadOthers = false;
  #onEmpty: () => void = () => undefined;

  constructor(options: HeldStreamsOptions) {
    this.#options = options;
    const { bus, membership, ticker } = options;
    this.#lookAtMs = ticker.now() + LOOK_MS;
    this.#endings = [
      bus.subscribe(topicOf(membership.id), (text) => this.#onWake(text)),
      membership.onFenced(() => this.#checkAll()),
      // Who died may have kept an answer and told nobody.
      membership.onDeath(() => {
        this.#hadOthers = true;
        this.#lookAtAll();
      }),
    ];
    ticker.add(this);
  }

  get(name: string): HeldStream | undefined {
    return this.#streams.get(name);
  }

  /** Whether a stream was given up: this replica's, which it does not hold since the store was gone for too long. */
  hasGivenUp({ key, holder, ended }: StreamRow): boolean {
    return !ended && holder === this.#options.membership.id && !this.#streams.has(key.stream);
  }

  /** Begins a stream of a session. It is made known with the first thing that has to be kept. */
  open(name: string, session: LiveSession, work: StreamWork): LegacyStream {
    return this.#hold(name, { session, work });
  }

  /** Goes on with a stream that this replica claimed. */
  adopt(row: StreamRow, session: LiveSession, work: StreamWork): LegacyStream {
    return this.#hold(row.key.stream, { session, work, row });
  }

  /** Looks for answers to the questions of a stream, whoever took them. */
  async takeAnswers(name: string): Promise<void> {
    const held = this.#streams.get(name);
    if (held === undefined || !held.session.questions.isWaitingOn(name)) return;
    for (const { question, body } of await this.#options.log.answers(held.stream.key)) {
      held.session.questions.finish(question, readAnswer(body));
    }
  }

  /** The same, soon or not at all: what cannot be read now is found by a later look. */
  lookForAnswers(name: string): void {
    this.takeAnswers(name).catch(() => undefined);
  }

  /** Tells the holder of a stream, soon or not at all. */
  wake(holder: string, wake: StreamWake, name: string): void {
    this.#options.bus.publish(topicOf(holder), `${wake} ${name}`);
  }

  /** Hears of a stream of another replica, soon or not at all; the function that comes back ends that. */
  follow(name: string, { onMore, onMoved }: StreamFollower): () => void {
    const { bus } = this.#options;
    const id = randomBytes(9).toString('base64url');
    const callOff = bus.subscribe(followed(name), (text) => {
      if (text === MORE) onMore();
      else if (text !== id) onMoved();
    });
    bus.publish(followed(name), id);
    return callOff;
  }

  /**
   * Leaves streams to whoever claims them: those that only wait for their clients. Resolves when others can, or the
   * store is gone.
   */
  async leave(): Promise<void> {
    const waiting = [...this.#streams.values()].filter(({ work }) => work.isWaiting);
    await Promise.all(waiting.map(({ stream }) => stream.leave()));
  }

  tick(nowMs: number): void {
    if (nowMs < this.#lookAtMs) return;
    this.#lookAtMs = nowMs + LOOK_MS;
    this.#hadOthers ||= this.#options.membership.others().length > 0;
    if (this.#hadOthers) this.#lookAtAll();
  }

  /** Resolves once nothing of them is on its way to the store any more, or soon. Never rejects. */
  async close(): Promise<void> {
    const { ticker, clock } = this.#options;
    ticker.delete(this);
    for (const end of this.#endings) end();
    if (this.#streams.size === 0) return;
    const empty = new Abort();
    this.#onEmpty = () => empty.abort(undefined);
    await wait(clock, CLOSE_MS, empty);
  }

  #hold(
    name: string,
    { session, work, row }: Omit<HeldStream, 'stream'> & { readonly row?: StreamRow },
  ): LegacyStream {
    const { log, clock, bus, membership } = this.#options;
    const stream = new LegacyStream({
      log,
      clock,
      key: { session: session.key, stream: name },
      holder: membership.id,
      requests: row?.requests ?? [...work.requests.keys()],
      work: () => work.write(),
      adopted: row,
      primes: session.revision.primes,
      onFenced: () => session.questions.drop(name),
      onFollowed: (moved) => bus.publish(followed(name), moved ? membership.id : MORE),
      onEnd: () => {
        this.#streams.delete(name);
        session.streams.delete(name);
        if (this.#streams.size === 0) this.#onEmpty();
      },
    });
    this.#streams.set(name, { stream, session, work });
    session.streams.set(name, stream);
    return stream;
  }

  #lookAtAll(): void {
    for (const name of this.#streams.keys()) this.lookForAnswers(name);
  }

  #onWake(text: string): void {
    const [wake, name = ''] = text.split(' ');
    if (wake === 'follow') this.#streams.get(name)?.stream.follow();
    else this.lookForAnswers(name);
  }

  /** The others counted this replica as dead for a while. */
  #checkAll(): void {
    for (const { stream } of this.#streams.values()) stream.check();
  }
}

function topicOf(replica: string): string {
  return `legacy/${replica}`;
}

function followed(name: string): string {
  return `stream/${name}`;
}
