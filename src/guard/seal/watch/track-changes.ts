import type { Change } from '../compare-file.ts';

/** What a watch has to say of one change. */
export interface Verdict {
  readonly event: 'alarm' | 'question' | 're-asserted' | 'given-up';
  readonly change: Change;
  /** How often it came back after a repair. */
  readonly reassertions: number;
}

/** What a look at a file comes to. */
export interface Tracked {
  readonly verdicts: readonly Verdict[];
  /** What is as sealed again, though the watch did not restore it. */
  readonly repaired: readonly Change[];
  /** What is to be restored now. */
  readonly due: readonly Change[];
}

interface State {
  readonly change: Change;
  /** Digests of the values that were found there. */
  readonly seen: ReadonlySet<string>;
  readonly isBad: boolean;
  readonly repairedAtMs: number;
  readonly reassertions: number;
  /** Milliseconds since 1970; no restoring before. */
  readonly restoreAtMs: number;
}

/** So often a value may come back before restoring stops: a fight with a program is not to be won. */
export const MAX_REASSERTIONS = 3;
const FIRST_WAIT_MS = 1000;
/** Longer than anybody is made to wait: whoever still has to, has a clock that was set back. */
const MAX_WAIT_MS = 10_000;
/** For so long another value in the same place counts as the same hand. */
const SAME_HAND_MS = 10 * 60_000;
const MAX_STATES = 10_000;

/**
 * Tells a single edit from re-assertion: what was repaired, by whomever, and is bad again. Knows nothing of files or
 * clocks: it is told the changes of a file and the time, and says what to report and what to restore.
 */
export class ChangeTracker {
  readonly #restores: boolean;
  readonly #states = new Map<string, State>();

  /** `restores`: whether alarms are to be restored. */
  constructor(restores: boolean) {
    this.#restores = restores;
  }

  /** Takes in what differs from the seal in one file now. `nowMs` is milliseconds since 1970. */
  observe(path: string, changes: readonly Change[], nowMs: number): Tracked {
    const verdicts = changes.flatMap((change) => this.#take(keyOf(change), change, nowMs));
    const bad = new Set(changes.map(keyOf));
    const repaired: Change[] = [];
    for (const [key, state] of this.#states) {
      if (!state.isBad || state.change.file.path !== path || bad.has(key)) continue;
      repaired.push(state.change);
      this.#states.set(key, { ...state, isBad: false, repairedAtMs: nowMs });
    }
    return { verdicts, repaired, due: changes.filter((change) => this.#isDue(change, nowMs)) };
  }

  /** Says that changes were restored: whatever stands there from now on was written after. */
  restored(changes: readonly Change[], nowMs: number): void {
    for (const [key, state] of this.#statesOf(changes))
      this.#states.set(key, { ...state, isBad: false, repairedAtMs: nowMs });
  }

  /** Says that changes could not be restored, and when to try again, in milliseconds since 1970. */
  failed(changes: readonly Change[], retryAtMs: number): void {
    for (const [key, state] of this.#statesOf(changes))
      this.#states.set(key, { ...state, restoreAtMs: retryAtMs });
  }

  #statesOf(changes: readonly Change[]): readonly (readonly [string, State])[] {
    return changes.flatMap((change) => {
      const key = keyOf(change);
      const state = this.#states.get(key);
      return state === undefined ? [] : [[key, state] as const];
    });
  }

  #take(key: string, change: Change, nowMs: number): readonly Verdict[] {
    const known = this.#states.get(key);
    if (known?.isBad && known.change.digest === change.digest) return [];
    const isBack = known !== undefined && !known.isBad && isSameHand(known, change, nowMs);
    const reassertions = (known?.reassertions ?? 0) + (isBack ? 1 : 0);
    const waitMs = isBack ? FIRST_WAIT_MS * 2 ** (reassertions - 1) : 0;
    if (this.#states.size < MAX_STATES || known !== undefined) {
      this.#states.set(key, {
        change,
        seen: new Set([...(known?.seen ?? []), change.digest].slice(-20)),
        isBad: true,
        repairedAtMs: 0,
        reassertions,
        restoreAtMs: Math.max(known?.restoreAtMs ?? 0, nowMs + waitMs),
      });
    }
    const first: Verdict = { event: isBack ? 're-asserted' : change.level, change, reassertions };
    const isLast = isBack && this.#restores && reassertions === MAX_REASSERTIONS;
    return isLast ? [first, { ...first, event: 'given-up' }] : [first];
  }

  #isDue(change: Change, nowMs: number): boolean {
    const state = this.#states.get(keyOf(change));
    if (!this.#restores || state === undefined || change.kind === 'file') return false;
    const isWorse = change.level === 'alarm' || state.reassertions > 0;
    const waitMs = state.restoreAtMs - nowMs;
    return isWorse && state.reassertions < MAX_REASSERTIONS && (waitMs <= 0 || waitMs > MAX_WAIT_MS);
  }
}

function isSameHand(known: State, change: Change, nowMs: number): boolean {
  if (known.seen.has(change.digest)) return true;
  return change.level === 'alarm' && nowMs - known.repairedAtMs < SAME_HAND_MS;
}

function keyOf({ file, kind, what, pointer }: Change): string {
  return JSON.stringify([file.path, kind, kind === 'file' ? what : pointer]);
}
