import type { Call, Outcome } from '../../call.ts';
import type { GatewardError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { ParkedRow } from '../../store/store.ts';
import type { CallRecord } from './call-record.ts';
import type { InputAnswers } from './input-answers.ts';
import type { Exchange, Reply } from './legacy-exchange.ts';
import type { ParkedImage } from './parked-image.ts';
import type { Seat } from './seat.ts';

/** What one call to a legacy server works with. */
export interface InteractiveCallParts {
  readonly clock: Clock;
  /** Whether it may end in `input_required`. */
  readonly interactive: boolean;
  /** Whether it is safe to make it again. */
  readonly repeatable: boolean;
  /** Milliseconds for which further questions are collected after the first. */
  readonly collectMs: number;
  /** Milliseconds for which the client's answers are awaited. */
  readonly inputTimeoutMs: number;
  /** Milliseconds for which a retry that comes again gets the same outcome. */
  readonly replayMs: number;
  /** Writes the `requestState` of a round. */
  readonly stateOf: (round: number) => string;
  /** Keeps the call, so that a retry finds it; false if there is no room. */
  readonly keep: () => boolean;
  /** No retry will come here any more. */
  readonly forget: () => void;
  /** Takes a state by which others can go on with the call while it runs; absent where nobody asks for it. */
  readonly onResumable?: ((requestState: string) => void) | undefined;
  /** What other replicas find if this one dies. */
  readonly record: CallRecord;
}

/** How the client is to be asked, and whether a retry will find the call; see CallRecord. */
export interface Asking {
  readonly outcome: Outcome;
  /** Names what the server had sent by then. */
  readonly moment: string;
  readonly kept: Promise<'kept' | 'moved' | GatewardError>;
}

/** A retry of a parked call. */
export interface Retry {
  readonly call: Call;
  /** The round whose questions it answers. */
  readonly round: number;
  readonly answers: InputAnswers;
}

/** What a replica that died left of a call. */
export interface Left {
  readonly image: ParkedImage;
  /** What its row says of the newest answers. */
  readonly answers: ParkedRow['answers'];
}

/** How a call that was taken over goes on. */
export type Continuation =
  /** On the session and the request of before. `doubtful`: nobody knows whether the server has the answers. */
  | { readonly kind: 'resumed'; readonly seat: Seat; readonly exchange: Exchange; readonly doubtful: boolean }
  /** By making the call again. */
  | { readonly kind: 'again'; readonly open: (call: Call) => Promise<Seat> }
  | { readonly kind: 'lost'; readonly error: GatewardError };

/** The reply of the server, or why there is none. */
export type End = { readonly reply: Reply } | { readonly error: unknown };

/** How far a call is. */
export type Phase = 'running' | 'collecting' | 'parking' | 'parked' | 'answering' | 'over';
