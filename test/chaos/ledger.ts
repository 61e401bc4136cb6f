/** What the upstreams did, by the token that each call carries. */
export interface Ledger {
  /** Something of a call happened at its upstream. */
  touch(token: string): void;
  /** The tool did what must not happen twice. */
  execute(token: string): void;
  executions(token: string): number;
  /** The upstream was told to stop, or lost whoever asked. */
  withdraw(token: string): void;
  isWithdrawn(token: string): boolean;
  /** When something last happened; 0 for never. Milliseconds since 1970. */
  lastTouchedAt(token: string): number;
  /** Tokens that were executed more than once. */
  repeated(): readonly string[];
}

/** Makes an empty ledger. */
export function createLedger(): Ledger {
  const executed = new Map<string, number>();
  const touched = new Map<string, number>();
  const withdrawn = new Set<string>();
  const touch = (token: string): void => void touched.set(token, Date.now());
  return {
    touch,
    execute(token) {
      touch(token);
      executed.set(token, (executed.get(token) ?? 0) + 1);
    },
    withdraw: (token) => void withdrawn.add(token),
    isWithdrawn: (token) => withdrawn.has(token),
    executions: (token) => executed.get(token) ?? 0,
    lastTouchedAt: (token) => touched.get(token) ?? 0,
    repeated: () => [...executed].filter(([, count]) => count > 1).map(([token]) => token),
  };
}

/** The seat that the user of a call chooses: the right answer can be told from every other. */
export function seatOf(token: string): string {
  let sum = 7;
  for (const char of token) sum = (sum * 31 + char.charCodeAt(0)) % 9973;
  return `seat-${sum}`;
}
