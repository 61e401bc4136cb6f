/** Whose a row is that one replica works on at a time: writes of any other holder or epoch do nothing. */
export interface Holding {
  readonly holder: string;
  /** Counts take-overs, from 1. */
  readonly epoch: number;
}
