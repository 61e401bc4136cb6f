import type { Clock } from '../../lib/clock.ts';
import type { ApprovalKind, ApprovalState } from '../../store/approval-table.ts';
import { type Newcomer, type Newcomers, type NotingParts, noteNewcomers } from './note-newcomers.ts';

/** What noting in turn needs. */
export interface TurnParts extends NotingParts {
  readonly clock: Clock;
}

type States = readonly (ApprovalState | undefined)[];

/** Milliseconds that an upstream has to rest for each thing that was noted, and at most after one pass. */
const REST_MS = 20;
const MAX_REST_MS = 50_000;
/** Rest that may be owed when a pass begins: a thousand things change without any. */
const SLACK_MS = 20_000;
/** Things of one kind at one upstream that wait to be noted. */
const MAX_WAITING = 20_000;
/** Characters of them, unless they are the first. */
const MAX_WAITING_LENGTH = 16 * 1024 * 1024;

/** Newcomers of one kind that are noted with one pass, whoever met them. */
interface Pass {
  readonly newcomers: Newcomer[];
  /** Where each is among them. */
  readonly places: Map<string, number>;
  readonly noted: PromiseWithResolvers<States>;
  /** Characters of their texts. */
  length: number;
  isFirstSight: boolean;
}

interface Turn {
  readonly waiting: Map<ApprovalKind, Pass>;
  isRunning: boolean;
  /** Clock time at which nothing of its rest is owed any more. */
  restedAt: number;
  hasWarned: boolean;
  callOff: () => void;
}

/**
 * Notes newcomers pass by pass: one at a time for each upstream, with a rest after those with very many. So one that
 * shows other things at each reading makes little work. What comes meanwhile is noted with the next pass; what is left out
 * then is held as before, and noted when it is seen again.
 */
export class NotingInTurn {
  readonly #parts: TurnParts;
  readonly #turns = new Map<string, Turn>();

  constructor(parts: TurnParts) {
    this.#parts = parts;
  }

  /** Gives the state of each, in order; none where they are noted only after a rest. Never rejects. */
  async note(news: Newcomers): Promise<States> {
    const turn = this.#turnOf(news.upstream);
    const pass = turn.waiting.get(news.kind) ?? newPass();
    turn.waiting.set(news.kind, pass);
    pass.isFirstSight ||= news.isFirstSight;
    const places = news.newcomers.map((newcomer) => placeIn(pass, newcomer));
    this.#runNext(news.upstream, turn);
    if (!turn.isRunning) return [];
    const states = await pass.noted.promise;
    return places.map((place) => (place === undefined ? undefined : states[place]));
  }

  #turnOf(upstream: string): Turn {
    const known = this.#turns.get(upstream);
    if (known !== undefined) return known;
    const turn: Turn = {
      waiting: new Map(),
      isRunning: false,
      restedAt: 0,
      hasWarned: false,
      callOff: () => undefined,
    };
    this.#turns.set(upstream, turn);
    return turn;
  }

  #runNext(upstream: string, turn: Turn): void {
    if (turn.isRunning || turn.waiting.size === 0) return;
    turn.callOff();
    const { clock, log } = this.#parts;
    const restMs = turn.restedAt - clock.now() - SLACK_MS;
    // What is seen first is seen once, and all of it may have to be shown.
    const [kind] = [...turn.waiting].find(([, { isFirstSight }]) => isFirstSight || restMs <= 0) ?? [];
    if (kind !== undefined) {
      void this.#run(upstream, turn, kind);
      return;
    }
    if (!turn.hasWarned) log.warn('an upstream offers new things faster than they are noted', { upstream });
    turn.hasWarned = true;
    turn.callOff = clock.after(restMs, () => this.#runNext(upstream, turn));
  }

  async #run(upstream: string, turn: Turn, kind: ApprovalKind): Promise<void> {
    const { clock } = this.#parts;
    const pass = turn.waiting.get(kind) ?? newPass();
    const { newcomers, isFirstSight } = pass;
    turn.waiting.delete(kind);
    turn.isRunning = true;
    const news = { upstream, kind, newcomers, isFirstSight };
    const states = await noteNewcomers(this.#parts, news).catch(() => []);
    const now = clock.now();
    const owedMs = Math.max(turn.restedAt, now) - now + newcomers.length * REST_MS;
    turn.restedAt = now + Math.min(owedMs, SLACK_MS + MAX_REST_MS);
    turn.isRunning = false;
    pass.noted.resolve(states);
    this.#runNext(upstream, turn);
  }
}

function newPass(): Pass {
  return { newcomers: [], places: new Map(), noted: Promise.withResolvers(), length: 0, isFirstSight: false };
}

/** Undefined for what there is no place for. */
function placeIn(pass: Pass, newcomer: Newcomer): number | undefined {
  const key = `${newcomer.digest} ${newcomer.item.name}`;
  const known = pass.places.get(key);
  const isFull =
    pass.newcomers.length >= MAX_WAITING || (pass.length >= MAX_WAITING_LENGTH && !pass.isFirstSight);
  if (known !== undefined || isFull) return known;
  pass.length += newcomer.item.text.length;
  pass.places.set(key, pass.newcomers.length);
  return pass.newcomers.push(newcomer) - 1;
}
