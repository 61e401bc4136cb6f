import type { Spread } from './stats.ts';
import type { GatewayOptions, Running } from './targets.ts';

/** What was asked for on the command line. */
export interface Settings {
  readonly isQuick: boolean;
  readonly rounds: number;
  /** Length of one measurement. */
  readonly seconds: number;
  /** Length of the warm-up of each target, not counted. */
  readonly warmupSeconds: number;
  readonly connections: number;
  /** Idle streams to hold open. */
  readonly streams: number;
  /** Time for memory to settle before it is read. */
  readonly settleSeconds: number;
  /** What stands in the gateway's place: the gateway, or a second bare pass-through to check the harness itself. */
  readonly target: 'gateway' | 'bare';
}

/** What a scenario works with. */
export interface Bench {
  readonly settings: Settings;
  /** Folder for scripts, logs and data, removed at the end. */
  readonly folder: string;
  readonly upstream: Running;
  /** References beside the pass-through: the upstream itself, and nginx where installed. */
  readonly references: readonly Running[];
  /** Starts the pass-through. Each scenario has its own, as warm as the gateway that it is compared with. */
  startBare(): Promise<Running>;
  /** Starts the gateway, or what stands in its place. */
  startGateway(options: GatewayOptions): Promise<Running>;
  print(line: string): void;
}

/** A table of the report. */
export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** One bar and what was measured against it. */
export interface Verdict {
  readonly what: string;
  readonly bar: string;
  readonly measured: string;
  readonly holds: boolean;
  /** Whether missing it fails the run. */
  readonly isEnforced: boolean;
}

/** What a scenario found. */
export interface Finding {
  readonly title: string;
  /** How it was measured, in a sentence or two. */
  readonly text: string;
  readonly tables: readonly Table[];
  readonly verdicts: readonly Verdict[];
}

/** One thing that the benchmark measures. */
export interface Scenario {
  readonly name: string;
  run(bench: Bench): Promise<Finding>;
}

/** Runs `use` with a pass-through and a gateway, and stops both afterwards. */
export async function withPair<T>(
  bench: Bench,
  options: GatewayOptions,
  use: (bare: Running, gateway: Running) => Promise<T>,
): Promise<T> {
  const bare = await bench.startBare();
  try {
    const gateway = await bench.startGateway(options);
    try {
      return await use(bare, gateway);
    } finally {
      await gateway.stop();
    }
  } finally {
    await bare.stop();
  }
}

/** `0.91 (0.88 to 0.95)` */
export function formatSpread(values: Spread, digits = 2): string {
  return `${values.median.toFixed(digits)} (${values.min.toFixed(digits)} to ${values.max.toFixed(digits)})`;
}
