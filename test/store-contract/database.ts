import type { Store } from '../../src/store/store.ts';

/** A database that a suite works on. */
export interface Database {
  /** Another connection to it, as another replica has one. */
  open(now: () => number): Promise<Store>;
  /** What the processes of the suite open: `sqlite:PATH` or `postgres://...`. */
  readonly location: string;
  drop(): Promise<void>;
}
