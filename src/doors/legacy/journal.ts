import type { CallState } from './call-state.ts';

/** Takes how far a call is, so that another replica can go on with it when this one dies. */
export interface Journal {
  /** Notes what is asked. It is kept before the questions leave. */
  asking(state: CallState): void;
  /**
   * Notes what goes inside next, and resolves when it is kept. Throws HANDED_OVER for a call that is another replica's
   * by now, and STORE_UNAVAILABLE: then nothing may go inside.
   */
  calling(state: CallState): Promise<void>;
}

/** Why a call ends here without a response: another replica goes on with it. */
export const HANDED_OVER = Symbol('handed over');

/** For a call whose answer nobody could take elsewhere. */
export const NO_JOURNAL: Journal = {
  asking: () => undefined,
  calling: () => Promise.resolve(),
};
