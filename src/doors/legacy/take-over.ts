import { GatewardError } from '../../errors.ts';
import { persist } from '../../session/persist.ts';
import type { StreamKey, StreamRow } from '../../store/store.ts';
import { readMessage } from '../../wire/message.ts';
import { newFlight } from './flight.ts';
import type { LegacyParts, StreamClaimer } from './legacy-parts.ts';
import { errorReply } from './legacy-reply.ts';
import { answerRequest } from './legacy-request.ts';
import type { LiveSession } from './live-session.ts';
import { SentEvents } from './sent-events.ts';
import { StreamAnswer } from './stream-answer.ts';
import { type RequestWork, StreamWork } from './stream-work.ts';

/** Streams that are looked for at a time. */
const MAX_ORPHANS = 100;
const CLAIMS_AT_ONCE = 8;
/** Milliseconds between looks for streams without a holder. */
const LOOK_MS = 10_000;
/** The same after somebody died: what did not work at once is tried again. */
const AGAIN_MS = 1_000;
const LOOKS_AFTER_DEATH = 3;
const PATIENCE_MS = 10_000;

/** Goes on with the calls of replicas that died, whether or not their clients come back. */
export class TakeOver implements StreamClaimer {
  readonly #parts: LegacyParts;
  /** Claims under way, by the name of the stream. */
  readonly #claims = new Map<string, Promise<boolean>>();
  /** Streams that this replica has, or may have, and could not go on with; they have a holder, so nobody else looks. */
  readonly #stuck = new Map<string, StreamRow>();
  readonly #stopWatching: () => void;
  #callOff: () => void = () => undefined;
  #isLooking = false;
  #looksSoon = LOOKS_AFTER_DEATH;
  #isClosed = false;

  constructor(parts: LegacyParts) {
    this.#parts = parts;
    this.#stopWatching = parts.mail.onDeath(() => this.#lookSoon());
    this.#schedule();
  }

  claim(row: StreamRow): Promise<boolean> {
    const { stream } = row.key;
    const known = this.#claims.get(stream);
    if (known !== undefined) return known;
    if (this.#isClosed || this.#parts.draining.aborted) return Promise.resolve(false);
    const claim = this.#claim(row).finally(() => this.#claims.delete(stream));
    this.#claims.set(stream, claim);
    return claim;
  }

  /** Sees to a stream of this replica: looks for answers, and goes on with one that was given up. */
  heed(key: StreamKey): void {
    const { held } = this.#parts;
    if (held.get(key.stream) !== undefined) held.lookForAnswers(key.stream);
    else this.#claimGivenUp(key).catch(() => undefined);
  }

  close(): void {
    this.#isClosed = true;
    this.#callOff();
    this.#stopWatching();
  }

  async #claimGivenUp(key: StreamKey): Promise<void> {
    const { streams, held, clock } = this.#parts;
    const row = await persist(() => streams.read(key), { clock, giveUpMs: PATIENCE_MS });
    if (row !== undefined && held.hasGivenUp(row)) await this.claim(row);
  }

  /** Somebody died. */
  #lookSoon(): void {
    this.#looksSoon = LOOKS_AFTER_DEATH;
    if (this.#isLooking || this.#isClosed) return;
    this.#callOff();
    this.#look();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    const delayMs = this.#looksSoon > 0 || this.#stuck.size > 0 ? AGAIN_MS : LOOK_MS;
    this.#looksSoon = Math.max(0, this.#looksSoon - 1);
    this.#callOff = this.#parts.clock.after(delayMs, () => this.#look());
  }

  #look(): void {
    this.#isLooking = true;
    void this.#claimOrphans()
      .catch(() => undefined)
      .finally(() => {
        this.#isLooking = false;
        this.#schedule();
      });
  }

  async #claimOrphans(): Promise<void> {
    const { streams, mail, draining } = this.#parts;
    for (const row of [...this.#stuck.values()]) await this.claim(row).catch(() => false);
    for (let more = true; more && !this.#isClosed && !draining.aborted; ) {
      const orphans = await streams.orphans(MAX_ORPHANS);
      let claimed = 0;
      const left = orphans.filter(({ holder }) => !mail.isAlive(holder));
      const claimOn = async (): Promise<void> => {
        for (let row = left.pop(); row !== undefined; row = left.pop()) if (await this.claim(row)) claimed++;
      };
      await Promise.all(Array.from({ length: CLAIMS_AT_ONCE }, claimOn));
      // There may be too many for one look.
      more = claimed > 0 && orphans.length === MAX_ORPHANS;
    }
  }

  async #claim(row: StreamRow): Promise<boolean> {
    const { streams, mail } = this.#parts;
    const { stream } = row.key;
    this.#stuck.set(stream, { ...row, holder: mail.self, epoch: row.epoch + 1 });
    const claimed = await streams.claim(row.key, row, mail.self);
    if (claimed !== undefined) await this.#resume(claimed);
    this.#stuck.delete(stream);
    return claimed !== undefined;
  }

  async #resume(claimed: StreamRow): Promise<void> {
    const { streams, clock, sessions, rows } = this.#parts;
    const patience = { clock, giveUpMs: PATIENCE_MS };
    const sent = await persist(() => SentEvents.read(streams, claimed), patience);
    const work = StreamWork.read(claimed.work);
    if (work === undefined) return this.#endLost(claimed, sent);
    const state = await persist(() => rows.read(work.facts.key), patience);
    if (!state.ended) this.#goOn(claimed, { work, sent, session: sessions.hold(work.facts) });
  }

  #goOn(row: StreamRow, { work, sent, session }: Resumed): void {
    const { held } = this.#parts;
    const name = row.key.stream;
    for (const id of [...work.requests.keys()]) if (sent.hasResponse(id)) work.requests.delete(id);
    const stream = held.adopt(row, session, work);
    if (work.requests.size === 0) {
      void stream.finish();
      return;
    }
    const answer = new StreamAnswer(stream, work);
    for (const [id, request] of [...work.requests]) {
      void this.#answer(id, request, { answer, session, sent }).then((reply) => answer.reply(id, reply));
    }
    // Answers that came before belong to questions that wait only now.
    setImmediate(() => held.lookForAnswers(name));
  }

  async #answer(
    id: string,
    { message, state }: RequestWork,
    { answer, session, sent }: { readonly answer: StreamAnswer } & Pick<Resumed, 'session' | 'sent'>,
  ) {
    const read = readMessage(message);
    if (read.kind !== 'request') return undefined;
    const flight = newFlight(session.ended);
    if (!session.calls.has(id)) session.calls.set(id, flight);
    return answerRequest(
      {
        message,
        id,
        method: read.method,
        params: read.params,
        spoken: { session, headers: undefined, principal: undefined },
        outlet: answer,
        asking: answer,
        stream: answer.hints,
        journal: answer.journal(id),
        from: state,
        sent,
      },
      flight,
      this.#parts,
    );
  }

  /** What cannot be read cannot be gone on with: another version wrote it. */
  async #endLost(row: StreamRow, sent: SentEvents): Promise<void> {
    const { streams } = this.#parts;
    const lost = row.requests.filter((id) => !sent.hasResponse(id));
    const events = lost.map((id, at) => ({
      number: row.last + 1 + at,
      data: errorReply(id, new GatewardError('UPSTREAM_LOST'), 'tools/call').body,
    }));
    if (events.length === 0) await streams.finish(row.key, row);
    else await streams.append(row.key, row, { events, ends: true });
  }
}

interface Resumed {
  readonly work: StreamWork;
  readonly sent: SentEvents;
  readonly session: LiveSession;
}
